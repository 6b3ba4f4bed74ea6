import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RollupCell } from '../../contracts/rollup.ts';
import { transaction } from '../../runtime/sqlite.ts';
import type { StoredReading } from '../port.ts';
import { NameIds } from './names.ts';
import { encodeData } from './reading-codec.ts';

/** The writing half of telemetry.db. Each call is one transaction; the same rows again change nothing. */
export class SqliteWriter {
  private readonly devices: NameIds;
  private readonly sessions: NameIds;
  private readonly places: NameIds;
  private readonly metrics: NameIds;
  private readonly putReading: StatementSync;
  private readonly putCell: Record<'hour' | 'day', StatementSync>;
  private readonly db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.db = db;
    this.devices = new NameIds(db, 'device', ['station', 'device', 'kind']);
    this.sessions = new NameIds(db, 'session', ['name']);
    this.places = new NameIds(db, 'place', ['station', 'device']);
    this.metrics = new NameIds(db, 'metric', ['name']);
    this.putReading = db.prepare('INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, ?, ?)');
    const cells = (table: string) =>
      db.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.putCell = { hour: cells('cell_hour'), day: cells('cell_day') };
  }

  writeReadings(readings: readonly StoredReading[]): void {
    this.atomically(() => {
      for (const { station, device, kind, session, seq, at, clockReplaced, data } of readings) {
        const deviceId = this.devices.id(station, device, kind);
        this.putReading.run(
          deviceId,
          at,
          seq,
          this.sessions.id(session),
          clockReplaced ? 1 : 0,
          encodeData(kind, data),
        );
      }
    });
  }

  writeCells(cells: readonly RollupCell[]): void {
    this.atomically(() => {
      for (const c of cells) {
        const place = this.places.id(c.station, c.device);
        const metric = this.metrics.id(c.metric);
        this.putCell[c.level].run(
          metric,
          c.start,
          place,
          c.sum,
          c.count,
          c.min,
          c.max,
          c.last,
          c.coveredMinutes,
          c.totalMinutes,
          c.flagged ? 1 : 0,
        );
      }
    });
  }

  private atomically(work: () => void): void {
    try {
      transaction(this.db, work);
    } catch (thrown) {
      for (const names of [this.devices, this.sessions, this.places, this.metrics]) names.forget();
      throw thrown;
    }
  }
}
