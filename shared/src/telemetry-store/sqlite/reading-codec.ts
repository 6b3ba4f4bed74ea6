import type { CellState, DataOf, DeviceKind, ReadingData } from '../../contracts/telemetry.ts';

/**
 * Data of a reading as compact JSON text. A locker's cells become short arrays (`["3","o",1,12.5]`), with the counts that series are made of
 * in front (`n`), so that SQL reaches them; everything else is its own JSON. Exact: decode(encode(x)) equals x.
 */
export function encodeData(kind: DeviceKind, data: ReadingData): string {
  if (kind !== 'charging-locker') return JSON.stringify(data);
  const { cells, ...rest } = data as DataOf<'charging-locker'>;
  const count = (test: (cell: (typeof cells)[number]) => boolean) => cells.filter(test).length;
  const n = [
    count(({ state }) => state === 'free'),
    count(({ state }) => state === 'occupied'),
    count(({ charging }) => charging === true),
    cells.length,
  ];
  return JSON.stringify({ n, c: cells.map(packCell), ...rest });
}

/** The data that `encodeData` made this text of. */
export function decodeData(kind: DeviceKind, text: string): ReadingData {
  const parsed: unknown = JSON.parse(text);
  if (kind !== 'charging-locker') return parsed as ReadingData;
  const {
    n: _counts,
    c,
    ...rest
  } = parsed as { n: number[]; c: PackedCell[] } & Omit<DataOf<'charging-locker'>, 'cells'>;
  return { cells: c.map(unpackCell), ...rest };
}

/** id, first letter of the state, charging (1, 0, null = not said), powerW. */
type PackedCell = [id: string, state: string, charging?: 0 | 1 | null, powerW?: number];
type Cell = DataOf<'charging-locker'>['cells'][number];

const stateOf: Readonly<Record<string, CellState>> = { f: 'free', o: 'occupied', x: 'fault', d: 'disabled' };
const letterOf: Record<CellState, string> = { free: 'f', occupied: 'o', fault: 'x', disabled: 'd' };

function packCell({ id, state, charging, powerW }: Cell): PackedCell {
  const flag = charging === undefined ? null : charging ? 1 : 0;
  if (powerW !== undefined) return [id, letterOf[state], flag, powerW];
  return flag === null ? [id, letterOf[state]] : [id, letterOf[state], flag];
}

function unpackCell([id, letter, charging, powerW]: PackedCell): Cell {
  return {
    id,
    state: stateOf[letter] ?? 'fault',
    ...(charging === undefined || charging === null ? {} : { charging: charging === 1 }),
    ...(powerW === undefined ? {} : { powerW }),
  };
}

/** SQL expression for a series field inside column `data`. `field` has been checked. */
export function fieldSql(field: string): string {
  const place = ['cellsFree', 'cellsOccupied', 'cellsCharging', 'cellsTotal'].indexOf(field);
  return place >= 0 ? `json_extract(data, '$.n[${place}]')` : `json_extract(data, '$.${field}')`;
}
