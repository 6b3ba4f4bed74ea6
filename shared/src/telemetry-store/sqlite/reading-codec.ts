import type { CellState, DataOf, DeviceKind, ReadingData } from '../../contracts/telemetry.ts';
import { packedCell, unpackedCell } from './cell-codec.ts';

/**
 * Fields of each kind in the order in which column `data` keeps their values. Only ever appended to: the place is the stored name.
 * Names of fields in every row would be more than half of the file.
 */
const places: Record<DeviceKind, readonly string[]> = {
  'door-counter': ['in', 'out', 'blocked'],
  'water-dispenser': ['levelMl', 'dispensedMl', 'hotC', 'filterPct', 'leak', 'powerW'],
  // The four counts are made from the cells, so that SQL reaches them.
  'charging-locker': ['cellsFree', 'cellsOccupied', 'cellsCharging', 'cellsTotal', 'tempC', 'smoke', 'cells'],
  microwave: ['state', 'cycles', 'runS', 'doorOpen', 'powerW'],
  'supply-shelf': ['items'],
  environment: ['tempC', 'humidityPct', 'co2Ppm', 'motion', 'smoke', 'mainsPower'],
  'door-lock': ['locked', 'open'],
  'help-button': ['presses'],
};

const booleans = new Set(['blocked', 'leak', 'smoke', 'doorOpen', 'motion', 'mainsPower', 'locked', 'open']);
/** Microwave states by their stored number; only ever appended to. */
const runStates = ['idle', 'running', 'fault'];

type Fields = Readonly<Record<string, unknown>>;

/** Data of a reading as a compact JSON array, values by place, booleans as 0 and 1. Exact: decode(encode(x)) equals x. */
export function encodeData(kind: DeviceKind, data: ReadingData): string {
  const fields: Fields =
    kind === 'charging-locker' ? withCounts(data as DataOf<'charging-locker'>) : { ...data };
  const values: unknown[] = [];
  for (const [place, field] of places[kind].entries()) {
    const value = fields[field];
    // Absent fields inside become null, at the end they are left out.
    if (value !== undefined) values[place] = packed(field, value);
  }
  return JSON.stringify(values);
}

/** The data that `encodeData` made this text of. */
export function decodeData(kind: DeviceKind, text: string): ReadingData {
  const values = JSON.parse(text) as unknown[];
  const data: Record<string, unknown> = {};
  for (const [place, field] of places[kind].entries()) {
    const value = values[place];
    if (value === undefined || value === null) continue;
    if (kind === 'charging-locker' && place < 4) continue;
    data[field] = unpacked(field, value);
  }
  return data as ReadingData;
}

/** SQL expression for a series field inside column `data` of a row of this kind; NULL when the kind has no such field. */
export function fieldSql(kind: DeviceKind, field: string): string {
  const place = places[kind].indexOf(field);
  return place < 0 ? 'NULL' : `json_extract(data, '$[${place}]')`;
}

function withCounts({ cells, ...rest }: DataOf<'charging-locker'>): Fields {
  const count = (state: CellState) => cells.filter((cell) => cell.state === state).length;
  return {
    ...rest,
    cells,
    cellsFree: count('free'),
    cellsOccupied: count('occupied'),
    cellsCharging: cells.filter(({ charging }) => charging === true).length,
    cellsTotal: cells.length,
  };
}

function packed(field: string, value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (field === 'state') return runStates.indexOf(value as string);
  if (field === 'cells') return (value as DataOf<'charging-locker'>['cells']).map(packedCell);
  if (field === 'items')
    return (value as DataOf<'supply-shelf'>['items']).flatMap(({ sku, quantity }) => [sku, quantity]);
  return value;
}

function unpacked(field: string, value: unknown): unknown {
  if (booleans.has(field)) return value === 1;
  if (field === 'state') return runStates[value as number];
  if (field === 'cells') return (value as string[]).map(unpackedCell);
  if (field !== 'items') return value;
  const flat = value as (string | number)[];
  return Array.from({ length: flat.length / 2 }, (_, n) => ({ sku: flat[2 * n], quantity: flat[2 * n + 1] }));
}
