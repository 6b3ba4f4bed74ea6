import type { DatabaseSync } from 'node:sqlite';
import type { Metric, RollupCell } from '../../contracts/rollup.ts';
import type { DeviceKind } from '../../contracts/telemetry.ts';
import { WaystationError } from '../../runtime/errors.ts';
import { checkField } from '../fields.ts';
import type {
  CellGroup,
  CellQuery,
  RawPage,
  RawQuery,
  SeriesPoint,
  SeriesQuery,
  StoredReading,
} from '../port.ts';
import { decodeData, fieldSql } from './reading-codec.ts';

const maxPageRows = 10_000;
const maxBuckets = 10_000;

const aggregates = {
  mean: 'avg(v)',
  min: 'min(v)',
  max: 'max(v)',
  sum: 'sum(v)',
  count: 'count(v)',
} as const;

/** Raw readings of one device, by pages. The cursor is the place after the last reading: `at,seq,session`. */
export function readRaw(db: DatabaseSync, query: RawQuery): RawPage {
  const limit = Math.max(1, Math.min(maxPageRows, query.limit));
  const devices = deviceIds(db, query);
  if (devices.length === 0) return { readings: [], next: null };
  const cursor = query.after === undefined ? undefined : parseCursor(query.after);
  const [compare, order] = query.descending ? ['<', 'DESC'] : ['>', 'ASC'];
  const after = cursor === undefined ? '' : `AND (r.at, r.seq, r.session) ${compare} (?, ?, ?)`;
  const rows = db
    .prepare(
      `SELECT r.at, r.seq, r.session, r.clockReplaced, r.data, s.name AS sessionName, d.kind FROM reading r
       JOIN session s ON s.id = r.session JOIN device d ON d.id = r.device
       WHERE r.device IN (${devices.join(',')}) AND r.at >= ? AND r.at < ? ${after}
       ORDER BY r.at ${order}, r.seq ${order}, r.session ${order} LIMIT ?`,
    )
    .all(query.from, query.to, ...(cursor ?? []), limit + 1) as unknown as RawRow[];
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    readings: page.map((row) => toReading(query, row)),
    next: rows.length > limit && last !== undefined ? `${last.at},${last.seq},${last.session}` : null,
  };
}

interface RawRow {
  at: number;
  seq: number;
  session: number;
  clockReplaced: number;
  data: string;
  sessionName: string;
  kind: DeviceKind;
}

function toReading({ station, device }: RawQuery, row: RawRow): StoredReading {
  const { at, seq, kind, sessionName } = row;
  return {
    station,
    device,
    kind,
    session: sessionName,
    seq,
    at,
    clockReplaced: row.clockReplaced === 1,
    data: decodeData(kind, row.data),
  };
}

/** One number per bucket, made by SQLite; empty buckets are left out. */
export function readSeries(db: DatabaseSync, query: SeriesQuery): SeriesPoint[] {
  const { from, to, everyMs, fn } = query;
  if ((to - from) / everyMs > maxBuckets) {
    throw new WaystationError({
      code: 'too_many_points',
      message: `That is more than ${maxBuckets} points.`,
      fix: 'Ask for a shorter time or a larger everyMs.',
    });
  }
  const kinds = db
    .prepare('SELECT id, kind FROM device WHERE station = ? AND device = ?')
    .all(query.station, query.device);
  checkField(
    query.field,
    kinds.map(({ kind }) => kind as DeviceKind),
  );
  const devices = kinds.map(({ id }) => Number(id));
  const values = `SELECT CAST((at - ?) / ? AS INTEGER) AS bucket, at, seq, ${fieldSql(query.field)} AS v FROM reading WHERE device IN (${devices.join(',')}) AND at >= ? AND at < ?`;
  const counted = `count(v) AS n FROM (${values}) WHERE v IS NOT NULL GROUP BY bucket`;
  // A bare column beside max() comes from the row of the maximum (SQLite's documented rule): the newest value of the bucket.
  const newest = `SELECT bucket, v, n FROM (SELECT bucket, v, max(at * 1000000 + seq % 1000000) AS newest, ${counted}) ORDER BY bucket`;
  const sql = fn === 'last' ? newest : `SELECT bucket, ${aggregates[fn]} AS v, ${counted} ORDER BY bucket`;
  const rows = db.prepare(sql).all(from, everyMs, from, to);
  return rows.map(({ bucket, v, n }) => ({
    at: from + Number(bucket) * everyMs,
    value: Number(v),
    count: Number(n),
  }));
}

/** Rollup cells as they are kept. */
export function readCells(db: DatabaseSync, query: CellQuery): RollupCell[] {
  const stations = stationsJson(query);
  const rows = db
    .prepare(
      `SELECT m.name AS metric, p.station, p.device, c.start, c.sum, c.count, c.min, c.max, c.last, c.coveredMinutes, c.totalMinutes, c.flagged
       FROM cell_${query.level} c JOIN metric m ON m.id = c.metric JOIN place p ON p.id = c.place
       WHERE c.metric IN (${metricIds(db, query.metrics)}) AND c.start >= ? AND c.start < ? AND (? IS NULL OR p.station IN (SELECT value FROM json_each(?)))
       ORDER BY c.start, p.station, p.device`,
    )
    .all(query.from, query.to, stations, stations ?? '[]') as unknown as (Omit<RollupCell, 'flagged'> & {
    flagged: number;
  })[];
  return rows.map((row) => ({ ...row, level: query.level, flagged: row.flagged === 1 }));
}

/** Sums of cells by (metric, start, group), added up by SQLite per (metric, start, group number). */
export function readCellGroups(
  db: DatabaseSync,
  query: CellQuery,
  groups: ReadonlyMap<string, string>,
): CellGroup[] {
  const names = [...new Set(groups.values())];
  const numbers = new Map(names.map((name, number) => [name, number]));
  const wanted = query.stations === undefined ? undefined : new Set(query.stations);
  // A temporary table lives in memory and belongs to this connection alone, also where the file is open for reading only.
  db.exec(
    'CREATE TEMP TABLE IF NOT EXISTS place_group (place INTEGER PRIMARY KEY, grp INTEGER NOT NULL); DELETE FROM temp.place_group',
  );
  const put = db.prepare('INSERT INTO temp.place_group VALUES (?, ?)');
  for (const { id, station } of db.prepare('SELECT id, station FROM place').all()) {
    const group =
      wanted === undefined || wanted.has(station as string) ? groups.get(station as string) : undefined;
    if (group !== undefined) put.run(Number(id), numbers.get(group) ?? 0);
  }
  const rows = db
    .prepare(
      `SELECT m.name AS metric, c.start, g.grp AS grp, sum(c.sum) AS sum, sum(c.count) AS count, min(c.min) AS min, max(c.max) AS max,
              sum(c.coveredMinutes) AS covered, sum(c.totalMinutes) AS total, max(c.flagged) AS flagged
       FROM cell_${query.level} c CROSS JOIN temp.place_group g ON g.place = c.place CROSS JOIN metric m ON m.id = c.metric
       WHERE c.metric IN (${metricIds(db, query.metrics)}) AND c.start >= ? AND c.start < ?
       GROUP BY c.metric, c.start, g.grp ORDER BY c.start, g.grp`,
    )
    .all(query.from, query.to);
  return rows.map((row) => ({
    metric: row['metric'] as Metric,
    start: Number(row['start']),
    group: names[Number(row['grp'])] ?? '',
    sum: Number(row['sum']),
    count: Number(row['count']),
    min: row['min'] as number | null,
    max: row['max'] as number | null,
    coveredMinutes: Number(row['covered']),
    totalMinutes: Number(row['total']),
    flagged: row['flagged'] === 1,
  }));
}

function deviceIds(db: DatabaseSync, { station, device }: { station: string; device: string }): number[] {
  return db
    .prepare('SELECT id FROM device WHERE station = ? AND device = ?')
    .all(station, device)
    .map(({ id }) => Number(id));
}

/** Ids of metrics for an IN list; -1 keeps an empty one valid. */
function metricIds(db: DatabaseSync, metrics: readonly Metric[]): string {
  const rows = db
    .prepare('SELECT id FROM metric WHERE name IN (SELECT value FROM json_each(?))')
    .all(JSON.stringify(metrics));
  return rows.length === 0 ? '-1' : rows.map(({ id }) => Number(id)).join(',');
}

function stationsJson({ stations }: CellQuery): string | null {
  return stations === undefined ? null : JSON.stringify(stations);
}

function parseCursor(after: string): [number, number, number] {
  const parts = after.split(',').map(Number);
  if (parts.length !== 3 || parts.some((part) => !Number.isSafeInteger(part))) {
    throw new WaystationError({
      code: 'cursor_invalid',
      message: 'after is not a cursor of this list.',
      fix: 'Use `next` of the page before, as it came.',
    });
  }
  return parts as [number, number, number];
}
