import { type DeviceKind, dataSchemas } from '../contracts/telemetry.ts';
import { WaystationError } from '../runtime/errors.ts';

/** Counts that a store keeps beside a locker's cells, in this order. */
export const lockerCounts = ['cellsFree', 'cellsOccupied', 'cellsCharging', 'cellsTotal'] as const;

/** Fields of a kind that a series can be made of: numbers, and booleans as 0 and 1. */
const seriesFields: Record<DeviceKind, readonly string[]> = {
  'door-counter': ['in', 'out', 'blocked'],
  'water-dispenser': ['levelMl', 'dispensedMl', 'hotC', 'filterPct', 'leak', 'powerW'],
  'charging-locker': [...lockerCounts, 'tempC', 'smoke'],
  microwave: ['cycles', 'runS', 'doorOpen', 'powerW'],
  'supply-shelf': [],
  environment: ['tempC', 'humidityPct', 'co2Ppm', 'motion', 'smoke', 'mainsPower'],
  'door-lock': ['locked', 'open'],
  'help-button': ['presses'],
};

/**
 * Refuses a field that no device kind has; whether the device at hand has it, its readings show.
 * @throws WaystationError `field_unknown` listing the fields.
 */
export function checkField(field: string, kinds: readonly DeviceKind[]): void {
  const asked = kinds.length > 0 ? kinds : (Object.keys(dataSchemas) as DeviceKind[]);
  const known = [...new Set(asked.flatMap((kind) => seriesFields[kind]))];
  if (known.includes(field)) return;
  throw new WaystationError({
    code: 'field_unknown',
    message: `There is no field "${field.slice(0, 64)}".`,
    fix:
      known.length === 0
        ? 'This device has no field that makes a series.'
        : `Use one of ${known.join(', ')}.`,
  });
}
