import type { DatabaseSync } from 'node:sqlite';
import type { DeviceKind } from '../../contracts/telemetry.ts';
import { WaystationError } from '../../runtime/errors.ts';
import { checkField } from '../fields.ts';
import type { RawPage, RawQuery, SeriesPoint, SeriesQuery, StoredReading } from '../port.ts';
import { checkRawQuery, checkSeriesQuery } from '../query-limits.ts';
import { decodeData, fieldSql } from './reading-codec.ts';

const maxPageRows = 10_000;

const aggregates = {
  mean: 'avg(v)',
  min: 'min(v)',
  max: 'max(v)',
  // total() adds in floating point: sum() of whole numbers fails beyond 2^63.
  sum: 'total(v)',
  count: 'count(v)',
} as const;

/** Raw readings of one device, by pages. The cursor is the place after the last reading: `at,seq,session`. */
export function readRaw(db: DatabaseSync, query: RawQuery): RawPage {
  checkRawQuery(query);
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
  checkSeriesQuery(query);
  const devices = db
    .prepare('SELECT id, kind FROM device WHERE station = ? AND device = ?')
    .all(query.station, query.device)
    .map(({ id, kind }) => ({ id: Number(id), kind: kind as DeviceKind }));
  checkField(
    query.field,
    devices.map(({ kind }) => kind),
  );
  // One device id per kind that ever stood in this place; each kind keeps the field elsewhere.
  const value = devices.map(({ id, kind }) => `WHEN ${id} THEN ${fieldSql(kind, query.field)}`).join(' ');
  if (value === '') return [];
  const ids = devices.map(({ id }) => id).join(',');
  const values = `SELECT CAST((at - ?) / ? AS INTEGER) AS bucket, at, seq, CASE device ${value} END AS v FROM reading WHERE device IN (${ids}) AND at >= ? AND at < ?`;
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

function deviceIds(db: DatabaseSync, { station, device }: { station: string; device: string }): number[] {
  return db
    .prepare('SELECT id FROM device WHERE station = ? AND device = ?')
    .all(station, device)
    .map(({ id }) => Number(id));
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
