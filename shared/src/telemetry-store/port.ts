import type { Metric, RollupCell, RollupLevel } from '../contracts/rollup.ts';
import type { DeviceKind, ReadingData } from '../contracts/telemetry.ts';

/** One stored reading. Identity: (station, device, session, seq). */
export interface StoredReading {
  readonly station: string;
  readonly device: string;
  readonly kind: DeviceKind;
  readonly session: string;
  readonly seq: number;
  /** Time of the reading, epoch ms (the receive time where the device's clock was not believable). */
  readonly at: number;
  /** True when `at` was replaced by the receive time. */
  readonly clockReplaced: boolean;
  readonly data: ReadingData;
}

export type SeriesFunction = 'mean' | 'min' | 'max' | 'sum' | 'last' | 'count';

export interface RawQuery {
  readonly station: string;
  readonly device: string;
  /** Inclusive, epoch ms. */
  readonly from: number;
  /** Exclusive, epoch ms. */
  readonly to: number;
  /** At most this many readings (1 to 10,000), oldest first. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string;
  /** Newest first instead. */
  readonly descending?: boolean;
}
export interface RawPage {
  readonly readings: readonly StoredReading[];
  readonly next: string | null;
}

export interface SeriesQuery {
  readonly station: string;
  readonly device: string;
  /** A numeric or boolean field of the kind's data, or `cellsFree` / `cellsOccupied` / `cellsCharging` / `cellsTotal` of a locker. */
  readonly field: string;
  readonly from: number;
  readonly to: number;
  /** Width of a bucket, ms; buckets start at multiples of it since `from`. At most 10,000 buckets and 400 days. */
  readonly everyMs: number;
  readonly fn: SeriesFunction;
}
/** Empty buckets are left out: a gap stays a gap. */
export interface SeriesPoint {
  readonly at: number;
  readonly value: number;
  readonly count: number;
}

export interface CellQuery {
  readonly level: RollupLevel;
  readonly metrics: readonly Metric[];
  readonly from: number;
  readonly to: number;
  /** Absent = every station. */
  readonly stations?: readonly string[];
}
export interface CellGroup {
  readonly metric: Metric;
  readonly start: number;
  /** Name of the group: a station id, or what `groups` maps it to. */
  readonly group: string;
  readonly sum: number;
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly coveredMinutes: number;
  readonly totalMinutes: number;
  readonly flagged: boolean;
}

export interface StoreHealth {
  readonly ok: boolean;
  /** `SQLite 3.50` or `InfluxDB 1.6.7`. */
  readonly engine: string;
  readonly message?: string;
  readonly fix?: string;
}

/** Where readings and rollups are kept. Writes are idempotent: the same reading or cell again changes nothing. */
export interface TelemetryStore {
  writeReadings(readings: readonly StoredReading[]): Promise<void>;
  /** A cell replaces the cell of the same key. */
  writeCells(cells: readonly RollupCell[]): Promise<void>;
  readRaw(query: RawQuery): Promise<RawPage>;
  readSeries(query: SeriesQuery): Promise<readonly SeriesPoint[]>;
  readCells(query: CellQuery): Promise<readonly RollupCell[]>;
  /** Sums cells by (metric, start, group); `groups` maps a station to its group, stations that are not in it are left out. */
  readCellGroups(query: CellQuery, groups: ReadonlyMap<string, string>): Promise<readonly CellGroup[]>;
  /** Deletes raw readings older than `before`, at most some rows a call; answers whether more is left. */
  deleteRawBefore(before: number): Promise<boolean>;
  health(): Promise<StoreHealth>;
  close(): Promise<void>;
}
