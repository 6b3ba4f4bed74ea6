import type { Device } from '@waystation/shared/contracts/registry-documents';
import { isGap } from '@waystation/shared/measures/counter-flow';
import { type Chain, type Edge, flagGap, flagJoined, flagReset, type Run } from './cell.ts';
import { flowStep, type Values } from './measured.ts';

/** More runs than this in one session and hour are joined, lowest first: late readings between them then add nothing to the flow, which is right unless the counter fell. */
export const maxRunsPerHour = 64;

/** The values known after a run: what it does not have itself comes from before it. */
export function edgeAfter(run: Run): Edge {
  const before = run.before;
  if (before === null || !run.last.values.includes(null)) return run.last;
  return { ...run.last, values: filled(run.last.values, before.values) };
}

function filled(values: Values, otherwise: Values): Values {
  return values.map((value, index) => value ?? otherwise[index] ?? null);
}

export function newRun(device: Device, edge: Edge, before: Edge | null): Run {
  const run: Run = { first: edge, last: edge, inner: [], flags: 0, before, link: [], linkFlags: 0 };
  link(device, run, before);
  run.inner = run.link.map(() => 0);
  return run;
}

/** Sets what is before a run and the flow from there. */
export function link(device: Device, run: Run, before: Edge | null): void {
  const step = flowStep(device, before?.values ?? null, run.first.values);
  run.before = before;
  run.link = step.flows;
  run.linkFlags = (step.reset ? flagReset : 0) | (before === null ? 0 : gapFlag(device, before, run.first));
}

function gapFlag(device: Device, before: Edge, after: Edge): number {
  return isGap(before.at, after.at, device.reportingIntervalS * 1_000) ? flagGap : 0;
}

/** Adds the reading that follows a run at once. */
export function append(device: Device, run: Run, edge: Edge): void {
  join(device, run, edge, edge);
}

/** Joins a run with what follows it at once: a single reading or (`first` to `last`) another run, whose own flows the caller adds. */
function join(device: Device, run: Run, first: Edge, last: Edge): void {
  const known = run.last.values;
  const isWhole = !known.includes(null);
  // A value of which the run knows none yet is counted by the link, from what is before the run.
  const after = isWhole
    ? first.values
    : first.values.map((value, index) => (known[index] === null ? null : value));
  const step = flowStep(device, known, after);
  for (let index = 0; index < step.flows.length; index += 1) {
    run.inner[index] = (run.inner[index] ?? 0) + (step.flows[index] ?? 0);
  }
  run.flags |= (step.reset ? flagReset : 0) | gapFlag(device, run.last, first);
  const learned =
    !isWhole && run.first.values.some((value, index) => value === null && first.values[index] !== null);
  run.last = last.values.includes(null) ? { ...last, values: filled(last.values, known) } : last;
  if (learned) {
    run.first = { ...run.first, values: filled(run.first.values, first.values) };
    link(device, run, run.before);
  }
}

/** Joins two runs of one chain that touch (or, at the limit, that do not). */
export function joinRuns(device: Device, chain: Chain, index: number): void {
  const run = chain.runs[index] as Run;
  const [next] = chain.runs.splice(index + 1, 1) as [Run];
  for (let at = 0; at < next.inner.length; at += 1)
    run.inner[at] = (run.inner[at] ?? 0) + (next.inner[at] ?? 0);
  run.flags |= next.flags;
  join(device, run, next.first, next.last);
}

/** Puts a reading before a run that follows it at once; `before` is what is before the reading. */
export function prepend(device: Device, chain: Chain, index: number, edge: Edge, before: Edge | null): void {
  chain.runs.splice(index, 0, newRun(device, edge, before));
  joinRuns(device, chain, index);
}

/** Keeps a chain below its limit. */
export function limitRuns(device: Device, chain: Chain): boolean {
  if (chain.runs.length <= maxRunsPerHour) return false;
  joinRuns(device, chain, 0);
  (chain.runs[0] as Run).flags |= flagJoined;
  return true;
}

/** Index of the first run that begins after `seq`. */
export function runAfter(runs: readonly Run[], seq: number): number {
  let index = runs.length;
  while (index > 0 && (runs[index - 1] as Run).first.seq > seq) index -= 1;
  return index;
}
