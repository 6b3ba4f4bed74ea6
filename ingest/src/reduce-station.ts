import type { DataOf, DeviceKind } from '@waystation/shared/contracts/telemetry';
import type { Figure, StationTwin } from '@waystation/shared/contracts/twin';
import { type DeviceState, valueAt } from './device-state.ts';
import type { StationState } from './station-state.ts';

const never: Figure = { value: null, state: 'never', at: null };

/** What is known of a station, from its devices. `now` (the last tick, epoch ms) says only whether an "out of service until" has passed. */
export function stationTwin(station: StationState, now: number): StationTwin {
  const of = (kind: DeviceKind) => station.devices.filter((device) => device.registered.kind === kind);
  const doors = of('door-counter');
  const occupancy = figure(doors, () => 0);
  const water = of('water-dispenser').filter(({ registered }) => registered.capacityMl !== undefined);
  return {
    station: station.id,
    entriesToday: figure(doors, (device) => device.today[0] ?? 0),
    exitsToday: figure(doors, (device) => device.today[1] ?? 0),
    occupancyRaw: figure(doors, (device) => (device.totals[0] ?? 0) - (device.totals[1] ?? 0)),
    occupancy: {
      ...occupancy,
      value: occupancy.value === null ? null : station.occupancy.people,
      lastCertainAt: station.occupancy.certainAt,
    },
    cellsFree: figure(
      of('charging-locker'),
      ({ data }) => (data as DataOf<'charging-locker'>).cells.filter(({ state }) => state === 'free').length,
    ),
    cellsTotal: figure(of('charging-locker'), ({ data }) => (data as DataOf<'charging-locker'>).cells.length),
    waterMl: figure(water, ({ data }) => (data as DataOf<'water-dispenser'>).levelMl),
    waterCapacityMl:
      water.length === 0
        ? null
        : water.reduce((sum, { registered }) => sum + (registered.capacityMl ?? 0), 0),
    tempC: mean(of('environment'), ({ data }) => (data as DataOf<'environment'>).tempC),
    microwavesIdle: figure(of('microwave'), isIdle),
    doorLocked: lowest(of('door-lock'), ({ data }) => ((data as DataOf<'door-lock'>).locked ? 1 : 0)),
    devices: countStates(station, now),
  };
}

type Read = (device: DeviceState) => number | undefined;

interface Parts {
  readonly values: readonly number[];
  readonly state: Figure['state'];
  readonly at: number | null;
}

/** Values of the devices that have one; as old as the oldest of them, stale when one is. */
function parts(devices: readonly DeviceState[], read: Read): Parts {
  const values: number[] = [];
  let oldestAt: number | null = null;
  let isStale = false;
  for (const device of devices) {
    if (device.data === null) continue;
    const value = read(device);
    const at = valueAt(device);
    if (value === undefined || at === null) continue;
    values.push(value);
    if (oldestAt === null || at < oldestAt) oldestAt = at;
    if (device.state === 'stale') isStale = true;
  }
  return { values, state: values.length === 0 ? 'never' : isStale ? 'stale' : 'ok', at: oldestAt };
}

/** Sum over the devices that have a value. */
function figure(devices: readonly DeviceState[], read: Read): Figure {
  const { values, state, at } = parts(devices, read);
  return values.length === 0 ? never : { value: values.reduce((sum, value) => sum + value, 0), state, at };
}

function mean(devices: readonly DeviceState[], read: Read): Figure {
  const all = figure(devices, read);
  const { values } = parts(devices, read);
  return all.value === null ? all : { ...all, value: Math.round((all.value / values.length) * 100) / 100 };
}

/** 1 only when all are: one open door is an open station. */
function lowest(devices: readonly DeviceState[], read: Read): Figure {
  const { values, state, at } = parts(devices, read);
  return values.length === 0 ? never : { value: Math.min(...values), state, at };
}

function isIdle({ data, registered }: DeviceState): number | undefined {
  const oven = data as DataOf<'microwave'>;
  if (oven.state !== undefined) return oven.state === 'idle' ? 1 : 0;
  if (oven.powerW !== undefined) return oven.powerW > registered.runningAboveW ? 0 : 1;
  return undefined;
}

/** Devices that are not handed over or out of service are in none of the figures of what is wrong. */
function countStates(station: StationState, now: number): StationTwin['devices'] {
  const counts = { ok: 0, stale: 0, never: 0, fault: 0, online: 0, total: 0 };
  for (const device of station.devices) {
    const { stage, outOfServiceUntil } = device.registered;
    const isAway = stage === 'out-of-service' && (outOfServiceUntil === undefined || now < outOfServiceUntil);
    if (stage === 'not-handed-over' || isAway) continue;
    counts[device.state] += 1;
    counts.total += 1;
    if (device.online === true) counts.online += 1;
  }
  return counts;
}
