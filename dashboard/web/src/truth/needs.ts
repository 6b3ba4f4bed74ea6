import type { DeviceKind } from '@waystation/shared/contracts/telemetry';
import type { DeviceTwin, StationTwin } from '@waystation/shared/contracts/twin';
import { hasOldValues, judgeDevice } from './truth.ts';

/** How a state looks: each tone has a colour, a shape and always a word beside it. */
export type Tone = 'urgent' | 'attention' | 'unknown' | 'out' | 'ok';

/** Most pressing first. */
export const toneRank: Record<Tone, number> = { urgent: 0, attention: 1, unknown: 2, ok: 3, out: 4 };

export const faultCodes = [
  'leak',
  'smoke',
  'cell-fault',
  'microwave-fault',
  'blocked',
  'clock-offset',
  'counter-reset',
] as const;
export type FaultCode = (typeof faultCodes)[number];
export type NeedCode = FaultCode | 'fault' | 'water-low' | 'silent' | 'stale' | 'never' | 'no-devices' | 'ok';

/** What a station or a device needs, ready to be put in words. */
export interface Need {
  readonly tone: Tone;
  readonly code: NeedCode;
  /** How many devices it concerns, where that is known. */
  readonly count?: number;
}

/** Below this share of the tank somebody must bring water (the same quarter as GET /api/v1/restock). */
export const lowWaterShare = 0.25;

const urgentFaults: readonly string[] = ['leak', 'smoke'];

/** A word of `DeviceTwin.faults` or an alert type as one of the codes that have words; an unknown one is a plain fault. */
export function faultCode(word: string): FaultCode | 'fault' {
  return faultCodes.find((code) => code === word) ?? 'fault';
}

export function faultTone(word: string): Tone {
  return urgentFaults.includes(word) ? 'urgent' : 'attention';
}

/** True when the tank's level is below a quarter; unknown levels are not low. */
export function isWaterLow(levelMl: number | null | undefined, capacityMl: number | null): boolean {
  return (
    typeof levelMl === 'number' &&
    capacityMl !== null &&
    capacityMl > 0 &&
    levelMl < lowWaterShare * capacityMl
  );
}

/** What one device needs at server time `now`, most pressing first; empty when it is well. */
export function deviceNeeds(twin: DeviceTwin, capacityMl: number | null, now: number): Need[] {
  const needs: Need[] = twin.faults.map((word) => ({ tone: faultTone(word), code: faultCode(word) }));
  const state = judgeDevice(twin, now);
  if (state === 'fault' && needs.length === 0) needs.push({ tone: 'attention', code: 'fault' });
  if (isWaterLow(levelMlOf(twin), capacityMl)) needs.push({ tone: 'attention', code: 'water-low' });
  if (state === 'never') needs.push({ tone: 'unknown', code: 'never' });
  else if (hasOldValues(twin, now)) needs.push({ tone: 'unknown', code: 'stale' });
  return needs.sort((a, b) => toneRank[a.tone] - toneRank[b.tone]);
}

/** The tank's level in a dispenser's newest reading, ml. */
export function levelMlOf(twin: { kind: DeviceKind; data: DeviceTwin['data'] }): number | null {
  if (twin.kind !== 'water-dispenser' || !twin.data || !('levelMl' in twin.data)) return null;
  return typeof twin.data.levelMl === 'number' ? twin.data.levelMl : null;
}

export interface StationAlert {
  readonly type: string;
  readonly severity: 'critical' | 'major' | 'minor';
}

/** The one thing about a station that a list must say first. `twin` null: nothing is known yet. `old`: its counts have aged since. */
export function stationNeed(
  station: { stage: string; deviceCount: number },
  twin: StationTwin | null,
  alerts: readonly StationAlert[],
  old: boolean,
): Need {
  if (station.deviceCount === 0) return { tone: 'out', code: 'no-devices' };
  if (!twin || twin.devices.never >= twin.devices.total) return { tone: 'unknown', code: 'never' };
  const { fault, stale, never, total } = twin.devices;
  if (stale > 0 && stale + never === total) return { tone: 'urgent', code: 'silent' };
  const critical = alerts.find((alert) => alert.severity === 'critical' && isFaultWord(alert.type));
  if (fault > 0 && critical) return { tone: 'urgent', code: faultCode(critical.type), count: fault };
  if (fault > 0) {
    const named = alerts.find((alert) => isFaultWord(alert.type));
    return { tone: 'attention', code: named ? faultCode(named.type) : 'fault', count: fault };
  }
  if (isWaterLow(twin.waterMl.value, twin.waterCapacityMl)) return { tone: 'attention', code: 'water-low' };
  if (stale > 0 || old) return { tone: 'unknown', code: 'stale', ...(stale > 0 ? { count: stale } : {}) };
  if (never > 0) return { tone: 'unknown', code: 'never', count: never };
  return { tone: 'ok', code: 'ok' };
}

function isFaultWord(type: string): boolean {
  return faultCode(type) !== 'fault';
}

/** Order of the list: what needs a hand first, then by name as the reader's language sorts it. */
export function compareByNeed(collator: Intl.Collator) {
  return (a: { need: Need; name: string }, b: { need: Need; name: string }): number =>
    toneRank[a.need.tone] - toneRank[b.need.tone] || collator.compare(a.name, b.name);
}
