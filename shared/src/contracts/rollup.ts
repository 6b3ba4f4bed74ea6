import { z } from 'zod';

/** Metrics that ingest rolls up per device and hour and day. Counters are sums of flow; gauges have mean, min, max, last. */
export const metrics = {
  entries: { kind: 'door-counter', type: 'counter', unit: 'people' },
  exits: { kind: 'door-counter', type: 'counter', unit: 'people' },
  dispensedMl: { kind: 'water-dispenser', type: 'counter', unit: 'ml' },
  levelMl: { kind: 'water-dispenser', type: 'gauge', unit: 'ml' },
  cellsOccupied: { kind: 'charging-locker', type: 'gauge', unit: 'cells' },
  cellsCharging: { kind: 'charging-locker', type: 'gauge', unit: 'cells' },
  cellsTotal: { kind: 'charging-locker', type: 'gauge', unit: 'cells' },
  microwaveRunS: { kind: 'microwave', type: 'counter', unit: 's' },
  microwaveCycles: { kind: 'microwave', type: 'counter', unit: 'cycles' },
  microwavePowerW: { kind: 'microwave', type: 'gauge', unit: 'W' },
  tempC: { kind: 'environment', type: 'gauge', unit: 'C' },
  humidityPct: { kind: 'environment', type: 'gauge', unit: '%' },
  co2Ppm: { kind: 'environment', type: 'gauge', unit: 'ppm' },
  helpPresses: { kind: 'help-button', type: 'counter', unit: 'presses' },
} as const;
export type Metric = keyof typeof metrics;
export const metricSchema = z.enum(Object.keys(metrics) as [Metric, ...Metric[]]);
export type RollupLevel = 'hour' | 'day';

/** One rollup cell as the telemetry store keeps it; key (level, metric, station, device, start). */
export interface RollupCell {
  readonly level: RollupLevel;
  readonly metric: Metric;
  readonly station: string;
  readonly device: string;
  /** First instant of the local hour or day, epoch ms. */
  readonly start: number;
  /** Counters: flow booked in the cell. Gauges: sum of the values (mean = sum / count). */
  readonly sum: number;
  /** Readings in the cell. */
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly last: number | null;
  /** Minutes of the cell that readings covered, and minutes that the cell has (60, or 1380 to 1500). */
  readonly coveredMinutes: number;
  readonly totalMinutes: number;
  /** A counter fell without a registered wrap, or the readings left a gap of more than two intervals. */
  readonly flagged: boolean;
}
