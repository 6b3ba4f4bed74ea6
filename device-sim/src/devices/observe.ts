import type { DataOf, DeviceKind, ReadingData } from '@waystation/shared/contracts/telemetry';
import type { StationFaults } from '../demo-stories.ts';
import { chanceAt, driftAt, hashOf } from '../world/chance.ts';
import type { WorldState } from '../world/world-state.ts';

/** What the door counter saw; kept beside the truth, because it misses people. */
export interface DoorSight {
  readonly in: number;
  readonly out: number;
}

export interface Sight {
  readonly state: WorldState;
  readonly door: DoorSight;
  readonly faults: StationFaults;
  readonly station: string;
  /** Local hour. */
  readonly hour: number;
  /** Local day of the month. */
  readonly day: number;
  /** Epoch ms. */
  readonly at: number;
}

const hourMs = 3_600_000;
const round = (value: number, digits = 1) => Number(value.toFixed(digits));

/** What a device of a kind measures of its room at a moment. Pure: the same moment gives the same reading. */
export function observe(kind: DeviceKind, sight: Sight): ReadingData {
  return observers[kind](sight);
}

const observers: { readonly [K in DeviceKind]: (sight: Sight) => DataOf<K> } = {
  'door-counter': ({ door, faults }) =>
    faults.swapDirection ? { in: door.out, out: door.in } : { in: door.in, out: door.out },
  'water-dispenser': ({ state, faults, station, at }) => ({
    ...(state.levelMl === null ? {} : { levelMl: state.levelMl }),
    dispensedMl: state.drawnMl,
    hotC: round(92 + 3 * driftAt(hashOf(`${station}/hot`), at, hourMs / 4), 0),
    filterPct: faults.filterPct ?? round(40 + 50 * chanceAt(hashOf(`${station}/filter`), 0), 0),
    leak: false,
    powerW: chanceAt(hashOf(`${station}/boil`), Math.floor(at / 60_000)) < 0.2 ? 1_500 : 60,
  }),
  'charging-locker': ({ state, station, at }) => ({
    cells: state.cells.map((until, index) => {
      const id = String(index + 1);
      if (until === 0) return { id, state: 'free' as const };
      const charging = until - at > 600_000;
      return { id, state: 'occupied' as const, charging, powerW: charging ? 18 : 1 };
    }),
    tempC: round(roomC(station, at) + 2 + 0.5 * state.cells.filter((until) => until > 0).length),
    smoke: false,
  }),
  microwave: ({ state, at }) => {
    const running = at >= state.mealFrom && at < state.mealUntil;
    return {
      state: running ? 'running' : 'idle',
      cycles: state.meals,
      runS: state.mealS,
      doorOpen: false,
      powerW: running ? 1_050 : 2,
    };
  },
  'supply-shelf': ({ state }) => ({
    items: Object.entries(state.shelf).map(([sku, quantity]) => ({ sku, quantity })),
  }),
  environment: ({ state, station, at, faults, hour, day }) => ({
    tempC: round(roomC(station, at) + (faults.coldC?.(hour, day) ?? 0) + Math.min(2, state.inside * 0.1)),
    humidityPct: round(35 + 10 * driftAt(hashOf(`${station}/humidity`), at, 3 * hourMs), 0),
    co2Ppm: round(450 + 45 * state.inside + 30 * driftAt(hashOf(`${station}/co2`), at, hourMs), 0),
    motion: state.inside > 0,
    smoke: false,
    mainsPower: true,
  }),
  'door-lock': ({ faults, hour, state, at }) => ({
    locked: faults.locked?.(hour) ?? false,
    open: at - state.lastDoorAt < 8_000,
  }),
  'help-button': ({ state }) => ({ presses: state.presses }),
};

function roomC(station: string, at: number): number {
  return 19.5 + 1.5 * driftAt(hashOf(`${station}/temp`), at, 4 * hourMs);
}
