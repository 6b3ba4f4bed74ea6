import type { Metric, RollupCell, RollupLevel } from '@waystation/shared/contracts/rollup';
import { type CellBody, cellFlows } from './cell.ts';
import { amountScale, flowFields, gaugeMetrics } from './measured.ts';

const minuteMs = 60_000;

/** Rollups (level hour) of one row of `cell`; `hour` is the first instant of the local hour, epoch ms. */
export function hourRollups(station: string, device: string, hour: number, cell: CellBody): RollupCell[] {
  return combine('hour', station, device, hour, 60, [cell]);
}

/**
 * Rollups (level day): sums over all hour cells of one device and local day, so that a day always equals its hours.
 * `hours` is not empty and holds every cell of that day, ascending.
 */
export function dayRollups(
  station: string,
  device: string,
  hours: readonly { readonly hour: number; readonly body: CellBody }[],
): RollupCell[] {
  const first = hours[0];
  if (first === undefined) return [];
  const [dayStart, dayEnd] = first.body.day;
  const minutes = Math.round((dayEnd - dayStart) / minuteMs);
  return combine(
    'day',
    station,
    device,
    dayStart,
    minutes,
    hours.map(({ body }) => body),
  );
}

function combine(
  level: RollupLevel,
  station: string,
  device: string,
  start: number,
  totalMinutes: number,
  cells: readonly CellBody[],
): RollupCell[] {
  const kind = (cells[0] as CellBody).kind;
  // A device that was replaced by one of another kind: the day shows the kind that it began with.
  const own = cells.filter((cell) => cell.kind === kind);
  const fields = flowFields[kind];
  const sums = new Array<number>(fields.length).fill(0);
  let count = 0;
  let covered = 0;
  let flags = 0;
  for (const cell of own) {
    const { flows, flags: cellFlags } = cellFlows(cell, fields.length);
    for (const [index, flow] of flows.entries()) sums[index] = (sums[index] ?? 0) + flow;
    count += cell.count;
    covered += bits(cell.coveredLow) + bits(cell.coveredHigh);
    flags |= cellFlags;
  }
  const base = {
    level,
    station,
    device,
    start,
    totalMinutes,
    coveredMinutes: Math.min(covered, totalMinutes),
    flagged: flags !== 0,
  };
  const rollups: RollupCell[] = fields.map((field, index) => ({
    ...base,
    metric: field.metric,
    sum: (sums[index] ?? 0) / field.scale,
    count,
    min: null,
    max: null,
    last: null,
  }));
  for (const [index, metric] of gaugeMetrics[kind].entries()) {
    const rollup = gaugeRollup(own, index, metric);
    // A plumbed dispenser never has a level: no rows of nothing.
    if (rollup !== undefined) rollups.push({ ...base, ...rollup });
  }
  return rollups;
}

function gaugeRollup(cells: readonly CellBody[], index: number, metric: Metric) {
  let sum = 0;
  let count = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let last = 0;
  for (const cell of cells) {
    const gauge = cell.gauges[index];
    if (gauge === null || gauge === undefined) continue;
    sum += gauge.sum;
    count += gauge.count;
    min = Math.min(min, gauge.min);
    max = Math.max(max, gauge.max);
    last = gauge.last;
  }
  if (count === 0) return undefined;
  return {
    metric,
    sum: sum / amountScale,
    count,
    min: min / amountScale,
    max: max / amountScale,
    last: last / amountScale,
  };
}

/** Number of bits set in a 30-bit number. */
function bits(value: number): number {
  let rest = value;
  let set = 0;
  while (rest !== 0) {
    rest &= rest - 1;
    set += 1;
  }
  return set;
}
