import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { newestRevisionSql } from '@waystation/shared/contracts/state-schema';
import type { DeviceTwin, StationTwin } from '@waystation/shared/contracts/twin';
import { openDatabaseForReading } from '@waystation/shared/runtime/sqlite';

export interface RejectedRow {
  readonly id: number;
  readonly receivedAt: number;
  readonly topic: string;
  readonly station: string | null;
  readonly device: string | null;
  readonly reason: string;
  readonly message: string;
  readonly payload: Uint8Array;
}

/** state.db as the dashboard reads it. The file may be absent, appear, or be replaced by a restore at any time. */
export interface StateView {
  /** Newest revision, 0 while there is none; looks whether the file was replaced. */
  newestRevision(): number;
  /** Grows when the file was replaced: what clients hold is then worth nothing. */
  epoch(): number;
  stationsSince(revision: number): StationTwin[];
  /** Of one station, or of all. */
  devicesSince(revision: number, station?: string): DeviceTwin[];
  station(id: string): { station: StationTwin | null; devices: Map<string, DeviceTwin> };
  rejected(station: string, device: string, limit: number): { total: number; rows: RejectedRow[] };
  close(): void;
}

const statements = {
  newest: newestRevisionSql,
  stations: 'SELECT body FROM station_twin WHERE revision > ?',
  devices: 'SELECT body FROM device_twin WHERE revision > ?',
  devicesOf: 'SELECT body FROM device_twin WHERE station = ? AND revision > ?',
  station: 'SELECT body FROM station_twin WHERE station = ?',
  rejected: 'SELECT * FROM rejected WHERE station = ? AND device = ? ORDER BY id DESC LIMIT ?',
  rejectedCount: 'SELECT count(*) AS n FROM rejected WHERE station = ? AND device = ?',
};
type Statements = Record<keyof typeof statements, StatementSync>;

export function openStateView(dataDir: string): StateView {
  const file = join(dataDir, 'state.db');
  let db: DatabaseSync | undefined;
  let prepared: Statements | undefined;
  let inode = 0;
  let epoch = 0;

  const follow = (): Statements | undefined => {
    const present = statSync(file, { throwIfNoEntry: false })?.ino ?? 0;
    if (prepared !== undefined && present === inode) return prepared;
    db?.close();
    db = undefined;
    prepared = undefined;
    if (present === 0) return undefined;
    const opened = openDatabaseForReading(file);
    if (opened === undefined) return undefined;
    db = opened;
    try {
      prepared = Object.fromEntries(
        Object.entries(statements).map(([name, sql]) => [name, opened.prepare(sql)]),
      ) as Statements;
    } catch {
      // The file is there, its tables are not yet: the next look finds them.
      return undefined;
    }
    inode = present;
    epoch += 1;
    return prepared;
  };
  const bodies = <T>(rows: Record<string, unknown>[]): T[] =>
    rows.map(({ body }) => JSON.parse(String(body)) as T);

  return {
    newestRevision: () => Number(follow()?.newest.get()?.['revision'] ?? 0),
    epoch: () => epoch,
    stationsSince: (revision) => bodies<StationTwin>(prepared?.stations.all(revision) ?? []),
    devicesSince: (revision, station) =>
      bodies<DeviceTwin>(
        (station === undefined
          ? prepared?.devices.all(revision)
          : prepared?.devicesOf.all(station, revision)) ?? [],
      ),
    station(id) {
      const ready = prepared ?? follow();
      const devices = bodies<DeviceTwin>(ready?.devicesOf.all(id, -1) ?? []);
      const [station] = bodies<StationTwin>(ready?.station.all(id) ?? []);
      return { station: station ?? null, devices: new Map(devices.map((twin) => [twin.device, twin])) };
    },
    rejected(station, device, limit) {
      const ready = prepared ?? follow();
      const rows = (ready?.rejected.all(station, device, limit) ?? []) as unknown as RejectedRow[];
      return { total: Number(ready?.rejectedCount.get(station, device)?.['n'] ?? 0), rows };
    },
    close: () => db?.close(),
  };
}
