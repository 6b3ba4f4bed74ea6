import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabaseForReading } from '@waystation/shared/runtime/sqlite';
import type { Withheld } from './raw-rows.ts';

export interface CellRow {
  readonly station: string;
  readonly device: string;
  readonly hour: number;
  readonly revision: number;
  readonly body: string;
}

/** What the store writer reads of state.db. */
export interface StateView {
  withheld(fromOffset: number, toOffset: number): Withheld;
  /** Cells changed after a revision: whole revisions, some `limit` rows; `upTo` is the last revision that is complete in the answer. */
  changedCells(
    afterRevision: number,
    upToRevision: number,
    limit: number,
  ): { cells: CellRow[]; upTo: number };
  /** All cells of one device with `from <= hour < to`. */
  cellsBetween(station: string, device: string, from: number, to: number): CellRow[];
  close(): void;
}

/** Opens state.db for reading; it exists, because its writer started this thread. */
export function openStateView(dataDir: string): StateView {
  const db = openDatabaseForReading(join(dataDir, 'state.db')) as DatabaseSync;
  const withheld = db.prepare('SELECT offset, readings FROM withheld WHERE offset >= ? AND offset < ?');
  const lastOf = db.prepare(
    'SELECT max(revision) AS upTo, count(*) AS n FROM (SELECT revision FROM cell WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?)',
  );
  const changed = db.prepare(
    'SELECT station, device, hour, revision, body FROM cell WHERE revision > ? AND revision <= ?',
  );
  const between = db.prepare(
    'SELECT station, device, hour, revision, body FROM cell WHERE station = ? AND device = ? AND hour >= ? AND hour < ? ORDER BY hour',
  );
  return {
    withheld: (from, to) =>
      new Map(withheld.all(from, to).map((row) => [Number(row['offset']), String(row['readings'])])),
    changedCells(after, upToRevision, limit) {
      const found = lastOf.get(after, upToRevision, limit);
      const isAll = Number(found?.['n']) < limit;
      const upTo = isAll ? upToRevision : Number(found?.['upTo']);
      return { cells: changed.all(after, upTo) as unknown as CellRow[], upTo };
    },
    cellsBetween: (station, device, from, to) =>
      between.all(station, device, from, to) as unknown as CellRow[],
    close: () => db.close(),
  };
}
