import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { stateMigrations } from '@waystation/shared/contracts/state-schema';
import { openDatabase, transaction } from '@waystation/shared/runtime/sqlite';
import { writeCell } from './cell.ts';
import type { CellSource, DirtyCell } from './cell-shelves.ts';

/** A place in the journal that a consumer has reached, as `position` keeps it. */
export interface ConsumerPosition {
  readonly generation: string;
  readonly offset: number;
  /** Receive time of the newest record before it, epoch ms. */
  readonly receivedAt: number;
  readonly revision: number;
}

export interface TwinRow {
  readonly station: string;
  /** Absent for a station's own row. */
  readonly device?: string;
  readonly body: string;
  readonly memory: string;
}
export interface RejectedRow {
  readonly offset: number;
  readonly receivedAt: number;
  readonly station: string | null;
  readonly device: string | null;
  readonly topic: string;
  readonly reason: string;
  readonly message: string;
  readonly payload: Uint8Array;
}

/** Everything that one transaction writes. */
export interface Changes {
  readonly position: Omit<ConsumerPosition, 'revision'>;
  readonly devices: readonly TwinRow[];
  readonly stations: readonly TwinRow[];
  readonly cells: readonly DirtyCell[];
  /** Frame offset and what the store writer leaves out of it: '*' or a JSON array of indexes. */
  readonly withheld: readonly (readonly [number, string])[];
  readonly rejected: readonly RejectedRow[];
  readonly counters: ReadonlyMap<string, number>;
  /** Devices whose cells that are older than `before` (epoch ms) and were not touched since then are forgotten. */
  readonly prune: {
    readonly before: number;
    readonly devices: readonly (readonly [station: string, device: string])[];
  };
  readonly store: ConsumerPosition | undefined;
}

/** Rejected messages kept for people to look at; beyond it the oldest go (counted in `rejected_dropped`). */
const maxRejected = 10_000;

export interface StateDb extends CellSource {
  readPosition(consumer: 'state' | 'store'): ConsumerPosition | undefined;
  readDevices(): IterableIterator<Required<TwinRow>>;
  readDevice(station: string, device: string): { body: string; memory: string } | undefined;
  readStations(): IterableIterator<TwinRow>;
  readCounters(): Map<string, number>;
  /** Writes all changes in one transaction and answers the new revision. Nothing is written when it throws; the same call may be tried again. */
  commit(changes: Changes): number;
  /** Persists how far the store writer has come, and forgets what it no longer needs. */
  writeStorePosition(position: ConsumerPosition): void;
  rejectedDropped(): number;
  close(): void;
}

/** Opens DATA_DIR/state.db as its only writer. */
export function openStateDb(dataDir: string): StateDb {
  const db = openDatabase(join(dataDir, 'state.db'), stateMigrations);
  db.exec('PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 20000');
  const statements = prepare(db);
  let rejectedRows = Number(db.prepare('SELECT count(*) AS n FROM rejected').get()?.['n'] ?? 0);
  let dropped = 0;

  const storePosition = (position: ConsumerPosition) => {
    statements.position.run(
      'store',
      position.generation,
      position.offset,
      position.receivedAt,
      position.revision,
    );
    statements.pruneWithheld.run(position.offset);
  };

  return {
    readPosition(consumer) {
      const row = db.prepare('SELECT * FROM position WHERE consumer = ?').get(consumer);
      if (row === undefined) return undefined;
      return {
        generation: String(row['generation']),
        offset: Number(row['offset']),
        receivedAt: Number(row['receivedAt']),
        revision: Number(row['revision']),
      };
    },
    readDevices: () =>
      db
        .prepare('SELECT station, device, body, memory FROM device_twin')
        .iterate() as IterableIterator<never>,
    readDevice(station, device) {
      const row = statements.readDevice.get(station, device);
      return row === undefined ? undefined : { body: String(row['body']), memory: String(row['memory']) };
    },
    readStations: () =>
      db.prepare('SELECT station, body, memory FROM station_twin').iterate() as IterableIterator<never>,
    readCounters: () =>
      new Map(
        db
          .prepare('SELECT name, value FROM counter')
          .all()
          .map((row) => [String(row['name']), Number(row['value'])]),
      ),
    read(station, device, hour) {
      const body = statements.readCell.get(station, device, hour)?.['body'];
      return typeof body === 'string' ? body : undefined;
    },
    neighbour(station, device, hour, direction) {
      const row = (direction === 1 ? statements.cellAfter : statements.cellBefore).get(station, device, hour);
      return row === undefined ? undefined : Number(row['hour']);
    },
    commit: (changes) =>
      transaction(db, () => {
        const revision = Number(statements.revision.get()?.['revision'] ?? 0) + 1;
        for (const row of changes.devices) {
          statements.device.run(row.station, row.device ?? '', revision, row.body, row.memory);
        }
        for (const row of changes.stations)
          statements.station.run(row.station, revision, row.body, row.memory);
        for (const { station, device, hour, cell, touchedAt } of changes.cells) {
          statements.cell.run(station, device, hour, revision, touchedAt, writeCell(cell));
        }
        for (const [offset, readings] of changes.withheld) statements.withheld.run(offset, readings);
        for (const row of changes.rejected) {
          const { offset, receivedAt, station, device, topic, reason, message, payload } = row;
          statements.rejected.run(offset, receivedAt, station, device, topic, reason, message, payload);
        }
        rejectedRows += changes.rejected.length;
        if (rejectedRows > maxRejected) {
          const removed = Number(statements.pruneRejected.run(maxRejected).changes);
          rejectedRows -= removed;
          dropped += removed;
        }
        for (const [name, value] of changes.counters) statements.counter.run(name, value);
        const { before } = changes.prune;
        for (const [station, device] of changes.prune.devices)
          statements.pruneCells.run(station, device, before, before);
        if (changes.store !== undefined) storePosition(changes.store);
        const { generation, offset, receivedAt } = changes.position;
        statements.position.run('state', generation, offset, receivedAt, revision);
        return revision;
      }),
    writeStorePosition: (position) => transaction(db, () => storePosition(position)),
    rejectedDropped: () => dropped,
    close: () => db.close(),
  };
}

function prepare(db: DatabaseSync) {
  return {
    revision: db.prepare(`SELECT revision FROM position WHERE consumer = 'state'`),
    position: db.prepare(
      'INSERT INTO position VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET generation = excluded.generation, offset = excluded.offset, receivedAt = excluded.receivedAt, revision = excluded.revision',
    ),
    device: db.prepare(
      'INSERT INTO device_twin VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision, body = excluded.body, memory = excluded.memory',
    ),
    station: db.prepare(
      'INSERT INTO station_twin VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision, body = excluded.body, memory = excluded.memory',
    ),
    cell: db.prepare(
      'INSERT INTO cell VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision, touchedAt = excluded.touchedAt, body = excluded.body',
    ),
    withheld: db.prepare('INSERT OR REPLACE INTO withheld VALUES (?, ?)'),
    pruneWithheld: db.prepare('DELETE FROM withheld WHERE offset < ?'),
    rejected: db.prepare(
      'INSERT INTO rejected (offset, receivedAt, station, device, topic, reason, message, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    pruneRejected: db.prepare('DELETE FROM rejected WHERE id <= (SELECT max(id) FROM rejected) - ?'),
    counter: db.prepare('INSERT INTO counter VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value'),
    readDevice: db.prepare('SELECT body, memory FROM device_twin WHERE station = ? AND device = ?'),
    readCell: db.prepare('SELECT body FROM cell WHERE station = ? AND device = ? AND hour = ?'),
    pruneCells: db.prepare(
      'DELETE FROM cell WHERE station = ? AND device = ? AND hour < ? AND touchedAt < ?',
    ),
    cellBefore: db.prepare(
      'SELECT hour FROM cell WHERE station = ? AND device = ? AND hour < ? ORDER BY hour DESC LIMIT 1',
    ),
    cellAfter: db.prepare(
      'SELECT hour FROM cell WHERE station = ? AND device = ? AND hour > ? ORDER BY hour LIMIT 1',
    ),
  };
}
