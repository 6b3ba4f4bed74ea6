import type { Device } from '@waystation/shared/contracts/registry-documents';
import type { ReadingData } from '@waystation/shared/contracts/telemetry';
import type { DeviceTwin, TruthState } from '@waystation/shared/contracts/twin';
import type { SessionBook } from './book-reading.ts';
import type { Edge } from './cell.ts';
import { type ClockOffsets, smallestOffset } from './clock-offset.ts';
import { flowFields } from './measured.ts';

/** What is remembered of one session of a device. */
export interface SessionMemory extends SessionBook {
  /** Receive time of its newest message, epoch ms. */
  receivedAt: number;
  /** The highest reading of all when its clock was replaced (`head` knows only those in the hours). */
  top: Edge | null;
  /** JSON of this session until it changes. */
  written: string | undefined;
}

export type TwinCounters = { -readonly [K in keyof DeviceTwin['counters']]: number };

/** Everything the reducer holds of one device; `device_twin` keeps it as `body` (for others) and `memory` (for itself). */
export interface DeviceState {
  readonly station: string;
  readonly id: string;
  /** As registered; the last known when it was removed. */
  registered: Device;
  state: TruthState;
  faults: readonly string[];
  data: ReadingData | null;
  /** Time of the newest reading as judged, uncorrected, epoch ms. */
  dataAt: number;
  dataSeq: number;
  /** The time of the newest reading was replaced: it needs no correction by the clock offset. */
  dataReplaced: boolean;
  receivedAt: number | null;
  online: boolean | null;
  onlineChangedAt: number | null;
  session: string | null;
  model: string | null;
  firmware: string | null;
  /** By flow field, in its scaled unit. */
  totals: number[];
  /** First instants of the local day that `today` counts and of the next, epoch ms; 0 before the first. */
  dayStart: number;
  dayEnd: number;
  today: number[];
  readonly counters: TwinCounters;
  /** Connection through which the device is online. */
  connection: string | null;
  readonly sessions: Map<string, SessionMemory>;
  offsets: ClockOffsets;
  /** Receive time of the newest counter reset; it is shown for an hour. */
  resetAt: number | null;
  /** When silence makes the device stale or a shown fault ends, epoch ms. */
  nextCheckAt: number;
  isDirty: boolean;
}

export function newDeviceState(registered: Device): DeviceState {
  const width = flowFields[registered.kind].length;
  return {
    station: registered.station,
    id: registered.id,
    registered,
    state: 'never',
    faults: [],
    data: null,
    dataAt: 0,
    dataSeq: 0,
    dataReplaced: false,
    receivedAt: null,
    online: null,
    onlineChangedAt: null,
    session: null,
    model: null,
    firmware: null,
    totals: new Array<number>(width).fill(0),
    dayStart: 0,
    dayEnd: 0,
    today: new Array<number>(width).fill(0),
    counters: { accepted: 0, repeats: 0, rejected: 0, clockReplaced: 0, resets: 0, gaps: 0 },
    connection: null,
    sessions: new Map(),
    offsets: [],
    resetAt: null,
    nextCheckAt: Number.POSITIVE_INFINITY,
    isDirty: true,
  };
}

/** Time of the newest value corrected by the clock offset, epoch ms; null = never seen. */
export function valueAt(device: DeviceState): number | null {
  if (device.data === null) return null;
  return device.dataReplaced ? device.dataAt : device.dataAt + (smallestOffset(device.offsets) ?? 0);
}

export function twinOf(device: DeviceState): DeviceTwin {
  const fields = flowFields[device.registered.kind];
  const named = (values: readonly number[]) => {
    const totals: Record<string, number> = {};
    for (let index = 0; index < fields.length; index += 1) {
      const field = fields[index] as (typeof fields)[number];
      totals[field.total] = (values[index] ?? 0) / field.scale;
    }
    return totals;
  };
  return {
    station: device.station,
    device: device.id,
    kind: device.registered.kind,
    state: device.state,
    faults: device.faults,
    at: valueAt(device),
    receivedAt: device.receivedAt,
    online: device.online,
    onlineChangedAt: device.onlineChangedAt,
    session: device.session,
    model: device.model,
    firmware: device.firmware,
    clockOffsetMs: smallestOffset(device.offsets),
    reportingIntervalMs: device.registered.reportingIntervalS * 1_000,
    data: device.data,
    totals: named(device.totals),
    today: device.dayStart === 0 ? null : { day: device.dayStart, totals: named(device.today) },
    counters: device.counters,
  };
}
