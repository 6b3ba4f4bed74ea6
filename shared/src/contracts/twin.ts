import type { DeviceKind, ReadingData } from './telemetry.ts';

/** The three truths of a value (DESIGN 1.3), and a fault that the device itself reports. */
export type TruthState = 'ok' | 'stale' | 'never' | 'fault';

/** What is known of one device: a row of `device_twin`, `body` as JSON. */
export interface DeviceTwin {
  readonly station: string;
  readonly device: string;
  readonly kind: DeviceKind;
  readonly state: TruthState;
  /** Words of what is wrong: `leak`, `smoke`, `cell-fault`, `microwave-fault`, `blocked`, `clock-offset`, `counter-reset`. */
  readonly faults: readonly string[];
  /** Time of the newest value, corrected by the device's clock offset, epoch ms; null = never seen. */
  readonly at: number | null;
  /** Receive time of the newest message, epoch ms. */
  readonly receivedAt: number | null;
  /** null = never connected. */
  readonly online: boolean | null;
  /** Receive time of the last change of `online`, epoch ms. */
  readonly onlineChangedAt: number | null;
  readonly session: string | null;
  readonly model: string | null;
  readonly firmware: string | null;
  /** Smallest receive time minus `at` over the last hour of receipts, ms; null before the first live message. */
  readonly clockOffsetMs: number | null;
  /** Registered interval, ms; stale is older than three of them. */
  readonly reportingIntervalMs: number;
  /** The newest reading, fields merged (an absent optional field keeps its last value). */
  readonly data: ReadingData | null;
  /** Cumulative totals since the first reading, resets and wraps bridged: `in`, `out`, `dispensedMl`, `cycles`, `runS`, `presses`. */
  readonly totals: Readonly<Record<string, number>>;
  /** The part of `totals` that belongs to the local day that contains `at`; `day` is its first instant. */
  readonly today: { readonly day: number; readonly totals: Readonly<Record<string, number>> } | null;
  readonly counters: {
    readonly accepted: number;
    readonly repeats: number;
    readonly rejected: number;
    readonly clockReplaced: number;
    readonly resets: number;
    readonly gaps: number;
  };
}

/** A figure of a station with its truth: `value` is null only when it was never seen. */
export interface Figure {
  readonly value: number | null;
  readonly state: Exclude<TruthState, 'fault'>;
  /** Time of the value, epoch ms; null = never. */
  readonly at: number | null;
}

/** What is known of one station: a row of `station_twin`, `body` as JSON. */
export interface StationTwin {
  readonly station: string;
  readonly entriesToday: Figure;
  readonly exitsToday: Figure;
  /** in - out since the first count; drifts, may be negative. */
  readonly occupancyRaw: Figure;
  /** Clamped count, empty after 60 quiet minutes; `lastCertainAt` is when it was last known to be so. */
  readonly occupancy: Figure & { readonly lastCertainAt: number | null };
  readonly cellsFree: Figure;
  readonly cellsTotal: Figure;
  /** Sum over the dispensers with a tank. */
  readonly waterMl: Figure;
  readonly waterCapacityMl: number | null;
  readonly tempC: Figure;
  readonly microwavesIdle: Figure;
  readonly doorLocked: Figure;
  readonly devices: Readonly<Record<TruthState, number>> & {
    readonly online: number;
    readonly total: number;
  };
}

/** The smallest whole the live feed sends: one changed row. */
export type TwinChange = { readonly revision: number } & (
  | { readonly device: DeviceTwin }
  | { readonly station: StationTwin }
);
