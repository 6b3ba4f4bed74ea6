import type { DataOf, ReadingData } from '@waystation/shared/contracts/telemetry';
import { isGap } from '@waystation/shared/measures/counter-flow';
import type { Zone } from '@waystation/shared/runtime/zone';
import { bookReading, type CellShelf } from './book-reading.ts';
import { addOffset, smallestOffset } from './clock-offset.ts';
import type { DecodedReading, DecodedTelemetry } from './decode.ts';
import { type DeviceState, type SessionMemory, valueAt } from './device-state.ts';
import { flowStep, flowValues } from './measured.ts';
import { markSeen } from './seen.ts';

/** Repeats are known for this long after the last message of a session (DESIGN 4). */
const rememberedMs = 35 * 86_400_000;
/** More sessions than this in 35 days: the one that was silent longest is forgotten, and its repeats would count again. */
const maxSessions = 256;
/** Stale is older than this many reporting intervals (DESIGN 5). */
const staleIntervals = 3;
const maxOffsetMs = 60_000;
const resetShownMs = 3_600_000;

export interface ReadingEffect {
  readonly outcome: 'new' | 'repeat';
  /** The reading is newer than all before: live figures may follow it. */
  readonly isNewest: boolean;
  /** What the totals gained by it, by flow field. */
  readonly gained: readonly number[];
  /** Numbers or sessions that a limit made us forget. */
  readonly forgotten: number;
}
const repeat: ReadingEffect = { outcome: 'repeat', isNewest: false, gained: [], forgotten: 0 };

/** Takes one reading into the device: repeats, hours, totals, today, clock offset, newest value. */
export function takeReading(
  device: DeviceState,
  shelf: CellShelf,
  zone: Zone,
  message: DecodedTelemetry,
  reading: DecodedReading,
  receivedAt: number,
): ReadingEffect {
  device.isDirty = true;
  const { session, forgotten } = sessionOf(device, message.session, receivedAt);
  const seen = markSeen(session.runs, reading.seq);
  if (seen === 'repeat') {
    device.counters.repeats += 1;
    return repeat;
  }
  session.receivedAt = receivedAt;
  session.written = undefined;
  device.counters.accepted += 1;
  if (reading.clockReplaced) device.counters.clockReplaced += 1;
  const gained = count(device, shelf, zone, session, reading, receivedAt);
  if (!message.late && !message.replay) addOffset(device.offsets, receivedAt, reading.deviceAt);

  const isNewest =
    device.data === null ||
    reading.at > device.dataAt ||
    (reading.at === device.dataAt && (reading.seq > device.dataSeq || message.session !== device.session));
  if (isNewest) {
    device.data = merged(device, reading.data);
    device.dataAt = reading.at;
    device.dataSeq = reading.seq;
    device.dataReplaced = reading.clockReplaced;
    device.session = message.session;
  }
  return { outcome: 'new', isNewest, gained, forgotten: forgotten + (seen === 'forgot' ? 1 : 0) };
}

/** Closes a message: what its readings together say about the device's condition. */
export function endMessage(device: DeviceState, receivedAt: number): void {
  device.isDirty = true;
  device.receivedAt = receivedAt;
  judge(device, receivedAt);
}

function sessionOf(
  device: DeviceState,
  name: string,
  now: number,
): { session: SessionMemory; forgotten: number } {
  const known = device.sessions.get(name);
  if (known !== undefined) return { session: known, forgotten: 0 };
  let oldest: SessionMemory | undefined;
  for (const session of device.sessions.values()) {
    if (now - session.receivedAt > rememberedMs) device.sessions.delete(session.session);
    else if (oldest === undefined || session.receivedAt < oldest.receivedAt) oldest = session;
  }
  const isFull = device.sessions.size >= maxSessions;
  if (isFull && oldest !== undefined) device.sessions.delete(oldest.session);
  const session = { session: name, receivedAt: now, runs: [], head: null, top: null, written: undefined };
  device.sessions.set(name, session);
  return { session, forgotten: isFull ? 1 : 0 };
}

/** Books the reading's flow in its hour, the totals and today. */
function count(
  device: DeviceState,
  shelf: CellShelf,
  zone: Zone,
  session: SessionMemory,
  reading: DecodedReading,
  receivedAt: number,
): readonly number[] {
  const { registered } = device;
  const gained = new Array<number>(device.totals.length).fill(0);
  const values = flowValues(registered, reading.data);
  const { head, top } = session;
  const last = top ?? head;
  const follows = last !== null && reading.seq > last.seq;
  if (follows && values.length > 0) {
    if (flowStep(registered, last.values, values).reset) {
      device.counters.resets += 1;
      device.resetAt = receivedAt;
    }
    if (isGap(last.at, reading.at, registered.reportingIntervalS * 1_000)) device.counters.gaps += 1;
  }
  if (!reading.clockReplaced) {
    rollDay(device, zone, reading.at - 1);
    const newest = device.data === null ? null : { seq: device.dataSeq, at: device.dataAt, values: [] };
    const onFlow = (hour: number, flows: readonly number[], sign: 1 | -1) => {
      for (let index = 0; index < gained.length; index += 1) {
        const flow = sign * (flows[index] ?? 0);
        gained[index] = (gained[index] ?? 0) + flow;
        if (hour >= device.dayStart && hour < device.dayEnd)
          device.today[index] = (device.today[index] ?? 0) + flow;
      }
    };
    bookReading(
      { device: registered, zone, shelf, session, onFlow, newest },
      reading.seq,
      reading.at,
      reading.data,
    );
    if (top !== null) {
      // A reading whose clock was replaced has been counted beyond the hours' head already.
      const isBetween = reading.seq < top.seq && (head === null || reading.seq > head.seq);
      const flows = follows ? flowStep(registered, top.values, values).flows : isBetween ? [] : gained;
      for (let index = 0; index < gained.length; index += 1) gained[index] = flows[index] ?? 0;
      if (follows) session.top = null;
    }
  } else if (values.length > 0 && (last === null || follows)) {
    const { flows } = flowStep(registered, last?.values ?? null, values);
    for (let index = 0; index < gained.length; index += 1) gained[index] = flows[index] ?? 0;
    session.top = {
      seq: reading.seq,
      at: reading.at,
      values: values.map((value, at) => value ?? last?.values[at] ?? null),
    };
  }
  for (let index = 0; index < gained.length; index += 1) {
    device.totals[index] = (device.totals[index] ?? 0) + (gained[index] ?? 0);
  }
  return gained;
}

/** Begins a new local day when `at` lies behind the present one. */
export function rollDay(device: DeviceState, zone: Zone, at: number): boolean {
  if (at < device.dayEnd) return false;
  device.dayStart = zone.dayStart(at);
  device.dayEnd = zone.nextDayStart(at);
  device.today.fill(0);
  device.isDirty = true;
  return true;
}

/** Fields that a reading does not carry keep their last value; `in` and `out` are shown in the registered direction. */
function merged(device: DeviceState, data: ReadingData): ReadingData {
  if (device.registered.kind === 'door-counter') {
    const door = data as DataOf<'door-counter'>;
    const shown = device.registered.swapDirection ? { ...door, in: door.out, out: door.in } : door;
    return device.data === null ? shown : { ...device.data, ...shown };
  }
  return device.data === null ? data : ({ ...device.data, ...data } as ReadingData);
}

/** Judges state and faults at `now` (the journal's clock, epoch ms). Answers whether anything changed. */
export function judge(device: DeviceState, now: number): boolean {
  const at = valueAt(device);
  const faults = faultsOf(device, now);
  const staleAt =
    at === null
      ? Number.POSITIVE_INFINITY
      : at + staleIntervals * device.registered.reportingIntervalS * 1_000;
  const state = at === null ? 'never' : now > staleAt ? 'stale' : faults.length > 0 ? 'fault' : 'ok';
  const resetEnds = device.resetAt === null ? Number.POSITIVE_INFINITY : device.resetAt + resetShownMs;
  device.nextCheckAt = Math.min(
    now > staleAt ? Number.POSITIVE_INFINITY : staleAt,
    now > resetEnds ? Number.POSITIVE_INFINITY : resetEnds,
  );
  const isSame =
    state === device.state &&
    faults.length === device.faults.length &&
    faults.every((fault, index) => fault === device.faults[index]);
  if (isSame) return false;
  device.state = state;
  device.faults = faults;
  device.isDirty = true;
  return true;
}

const noFaults: readonly string[] = [];

function faultsOf(device: DeviceState, now: number): readonly string[] {
  const faults: string[] = [];
  if (device.data !== null) reportedFaults(device.registered.kind, device.data, faults);
  const offset = smallestOffset(device.offsets);
  if (offset !== null && Math.abs(offset) > maxOffsetMs) faults.push('clock-offset');
  if (device.resetAt !== null && now - device.resetAt <= resetShownMs) faults.push('counter-reset');
  return faults.length === 0 ? noFaults : faults;
}

function reportedFaults(kind: DeviceState['registered']['kind'], data: ReadingData, faults: string[]): void {
  if (kind === 'door-counter' && (data as DataOf<'door-counter'>).blocked === true) faults.push('blocked');
  if (kind === 'water-dispenser' && (data as DataOf<'water-dispenser'>).leak === true) faults.push('leak');
  if (kind === 'microwave' && (data as DataOf<'microwave'>).state === 'fault') faults.push('microwave-fault');
  if (kind === 'environment' && (data as DataOf<'environment'>).smoke === true) faults.push('smoke');
  if (kind === 'charging-locker') {
    const locker = data as DataOf<'charging-locker'>;
    if (locker.cells.some((cell) => cell.state === 'fault')) faults.push('cell-fault');
    if (locker.smoke === true) faults.push('smoke');
  }
}
