import type { CellState, DataOf } from '../../contracts/telemetry.ts';

type Cell = DataOf<'charging-locker'>['cells'][number];

/** By their stored number; only ever appended to (at most 8: the letters end). */
const states: readonly CellState[] = ['free', 'occupied', 'fault', 'disabled'];
const smallA = 97;

/**
 * One locker cell as one short string: a letter for state and charging (not said, no, yes), and the id. A capital letter says that
 * the power in W and a space stand before the id: `c03` with id 03, `C37.5 03`.
 */
export function packedCell({ id, state, charging, powerW }: Cell): string {
  const flag = charging === undefined ? 0 : charging ? 2 : 1;
  const letter = String.fromCharCode(smallA + states.indexOf(state) * 3 + flag);
  return powerW === undefined ? letter + id : `${letter.toUpperCase()}${powerW} ${id}`;
}

export function unpackedCell(text: string): Cell {
  const first = text.charAt(0);
  const letter = first.toLowerCase();
  const number = letter.charCodeAt(0) - smallA;
  const flag = number % 3;
  const state = states[Math.floor(number / 3)] ?? 'fault';
  const said = { state, ...(flag === 0 ? {} : { charging: flag === 2 }) };
  if (first === letter) return { id: text.slice(1), ...said };
  const space = text.indexOf(' ');
  return { id: text.slice(space + 1), ...said, powerW: Number(text.slice(1, space)) };
}
