import type { DeviceKind } from '@waystation/shared/contracts/telemetry';
import type { DeviceTwin, Figure, TruthState } from '@waystation/shared/contracts/twin';

/** A value is stale when it is older than this many reporting intervals (DESIGN 5). */
const staleAfterIntervals = 3;

/** What devices usually report at, ms: used only where the registered interval is not at hand and the feed is down. */
export const usualIntervalMs: Record<DeviceKind, number> = {
  'door-counter': 60_000,
  'water-dispenser': 60_000,
  'charging-locker': 60_000,
  microwave: 60_000,
  'supply-shelf': 300_000,
  environment: 300_000,
  'door-lock': 600_000,
  'help-button': 600_000,
};

/** True when a value of time `at` is too old at server time `now` (both epoch ms) for a device that reports each `intervalMs`. */
export function isStale(at: number, now: number, intervalMs: number): boolean {
  return now - at > staleAfterIntervals * intervalMs;
}

/**
 * The truth of a figure as the screen must show it at server time `now`: the server's word, or worse when the value has aged since.
 * Without `intervalMs` the server's word stands.
 */
export function judgeFigure(figure: Figure, now: number, intervalMs: number | null): Figure['state'] {
  if (figure.at === null || figure.value === null || figure.state === 'never') return 'never';
  if (figure.state === 'stale') return 'stale';
  return intervalMs !== null && isStale(figure.at, now, intervalMs) ? 'stale' : 'ok';
}

/** The truth of a device at server time `now`. A fault that has gone silent is still a fault: nobody has mended it. */
export function judgeDevice(
  twin: Pick<DeviceTwin, 'state' | 'faults' | 'at' | 'reportingIntervalMs'>,
  now: number,
): TruthState {
  if (twin.at === null) return twin.faults.length > 0 ? 'fault' : 'never';
  if (twin.state === 'fault' || twin.faults.length > 0) return 'fault';
  if (twin.state !== 'ok') return twin.state;
  return isStale(twin.at, now, twin.reportingIntervalMs) ? 'stale' : 'ok';
}

/** True when the device's values are too old to be called current, also when its state is `fault`. */
export function hasOldValues(
  twin: Pick<DeviceTwin, 'at' | 'state' | 'reportingIntervalMs'>,
  now: number,
): boolean {
  return twin.state === 'stale' || (twin.at !== null && isStale(twin.at, now, twin.reportingIntervalMs));
}
