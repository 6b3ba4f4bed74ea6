import type { RollupCell } from '@waystation/shared/contracts/rollup';
import { parseCell } from '../cell.ts';
import { dayRollups, hourRollups } from '../cell-rollups.ts';
import type { CellRow, StateView } from './state-view.ts';

/** Device days in one write: some milliseconds, so that raw readings go on between. */
const daysPerStep = 50;

/**
 * Rollups of changed cells, in steps: the hours first, then the days that hold them, read whole so that a day always equals its hours.
 * After the last step every cell up to the round's revision is in the store. Doing a round again writes the same rows.
 */
export function* rollupRound(cells: readonly CellRow[], state: StateView): Generator<RollupCell[]> {
  const days = new Map<string, { station: string; device: string; from: number; to: number }>();
  const hours: RollupCell[] = [];
  for (const { station, device, hour, body } of cells) {
    const cell = parseCell(body);
    hours.push(...hourRollups(station, device, hour, cell));
    const [from, to] = cell.day;
    days.set(`${station}/${device}/${from}`, { station, device, from, to });
  }
  yield hours;
  let step: RollupCell[] = [];
  let count = 0;
  for (const { station, device, from, to } of days.values()) {
    const rows = state.cellsBetween(station, device, from, to);
    step.push(
      ...dayRollups(
        station,
        device,
        rows.map(({ hour, body }) => ({ hour, body: parseCell(body) })),
      ),
    );
    count += 1;
    if (count % daysPerStep === 0) {
      yield step;
      step = [];
    }
  }
  yield step;
}
