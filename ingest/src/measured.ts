import type { Device } from '@waystation/shared/contracts/registry-documents';
import type { Metric } from '@waystation/shared/contracts/rollup';
import type { DataOf, DeviceKind, ReadingData } from '@waystation/shared/contracts/telemetry';
import { counterStep } from '@waystation/shared/measures/counter-flow';

/**
 * What is measured per kind. Every number here is a whole one: amounts are kept in thousandths, so that sums do not depend on the order of adding.
 */
export const amountScale = 1_000;

export interface FlowField {
  /** Name in a twin's totals. */
  readonly total: string;
  readonly metric: Metric;
  /** Units of a flow per unit of the metric. */
  readonly scale: number;
}
export const flowFields: Readonly<Record<DeviceKind, readonly FlowField[]>> = {
  'door-counter': [
    { total: 'in', metric: 'entries', scale: 1 },
    { total: 'out', metric: 'exits', scale: 1 },
  ],
  'water-dispenser': [{ total: 'dispensedMl', metric: 'dispensedMl', scale: amountScale }],
  'charging-locker': [],
  microwave: [
    { total: 'cycles', metric: 'microwaveCycles', scale: 1 },
    { total: 'runS', metric: 'microwaveRunS', scale: amountScale },
  ],
  'supply-shelf': [],
  environment: [],
  'door-lock': [],
  'help-button': [{ total: 'presses', metric: 'helpPresses', scale: 1 }],
};

export const gaugeMetrics: Readonly<Record<DeviceKind, readonly Metric[]>> = {
  'door-counter': [],
  'water-dispenser': ['levelMl'],
  'charging-locker': ['cellsOccupied', 'cellsCharging', 'cellsTotal'],
  microwave: ['microwavePowerW'],
  'supply-shelf': [],
  environment: ['tempC', 'humidityPct', 'co2Ppm'],
  'door-lock': [],
  'help-button': [],
};

/** Values of a reading from which flows come; null = the reading does not have it. */
export type Values = readonly (number | null)[];

const amount = (value: number | undefined): number | null =>
  value === undefined ? null : Math.round(value * amountScale);

/** The cumulative values of a reading. A microwave that knows only its power says whether it runs instead. */
export function flowValues(device: Device, data: ReadingData): Values {
  switch (device.kind) {
    case 'door-counter': {
      const door = data as DataOf<'door-counter'>;
      return [door.in, door.out];
    }
    case 'water-dispenser':
      return [amount((data as DataOf<'water-dispenser'>).dispensedMl)];
    case 'microwave': {
      const oven = data as DataOf<'microwave'>;
      const counts = oven.cycles !== undefined || oven.runS !== undefined;
      return [oven.cycles ?? null, amount(oven.runS), counts ? null : isRunning(device, oven)];
    }
    case 'help-button':
      return [(data as DataOf<'help-button'>).presses];
    default:
      return [];
  }
}

function isRunning(device: Device, oven: DataOf<'microwave'>): number | null {
  if (oven.state !== undefined) return oven.state === 'running' ? 1 : 0;
  if (oven.powerW === undefined) return null;
  return oven.powerW > device.runningAboveW ? 1 : 0;
}

/** Gauges of a reading in thousandths, in the order of `gaugeMetrics`. */
export function gaugeValues(kind: DeviceKind, data: ReadingData): Values {
  switch (kind) {
    case 'water-dispenser':
      return [amount((data as DataOf<'water-dispenser'>).levelMl)];
    case 'charging-locker': {
      const { cells } = data as DataOf<'charging-locker'>;
      let occupied = 0;
      let charging = 0;
      for (const cell of cells) {
        if (cell.state === 'occupied') occupied += 1;
        if (cell.charging === true) charging += 1;
      }
      return [occupied * amountScale, charging * amountScale, cells.length * amountScale];
    }
    case 'microwave':
      return [amount((data as DataOf<'microwave'>).powerW)];
    case 'environment': {
      const air = data as DataOf<'environment'>;
      return [amount(air.tempC), amount(air.humidityPct), amount(air.co2Ppm)];
    }
    default:
      return [];
  }
}

export interface FlowStep {
  readonly flows: readonly number[];
  readonly reset: boolean;
}

/**
 * Flows between two readings' values, in the order of `flowFields`; `before` null: there is no reading before.
 * A door counter that is registered as mounted backwards has its flows exchanged here, at the time of the reading, so that a change of the
 * setting never compares an `in` with an `out`.
 */
export function flowStep(device: Device, before: Values | null, after: Values): FlowStep {
  const rules = device;
  let reset = false;
  const count = (field: number, scale: number): number => {
    const value = after[field];
    if (value === null || value === undefined) return 0;
    const max = rules.counterMax === undefined ? undefined : rules.counterMax * scale;
    const step = counterStep(before?.[field] ?? undefined, value, {
      counterMax: max,
      persistentTotal: rules.persistentTotal,
    });
    if (step.reset) reset = true;
    return step.flow;
  };
  switch (device.kind) {
    case 'door-counter': {
      const entered = count(0, 1);
      const left = count(1, 1);
      return { flows: device.swapDirection ? [left, entered] : [entered, left], reset };
    }
    case 'water-dispenser':
      return { flows: [count(0, amountScale)], reset };
    case 'microwave': {
      const running = after[2] === 1;
      // A plug reports at its registered interval: each report of a running oven stands for one interval.
      const derivedRunS = running ? device.reportingIntervalS * amountScale : 0;
      const derivedCycles = running && before?.[2] !== 1 ? 1 : 0;
      return { flows: [count(0, 1) + derivedCycles, count(1, amountScale) + derivedRunS], reset };
    }
    case 'help-button':
      return { flows: [count(0, 1)], reset };
    default:
      return { flows: [], reset };
  }
}
