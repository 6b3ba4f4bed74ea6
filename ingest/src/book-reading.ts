import type { Device } from '@waystation/shared/contracts/registry-documents';
import type { ReadingData } from '@waystation/shared/contracts/telemetry';
import { bookedAt } from '@waystation/shared/measures/counter-flow';
import type { Zone } from '@waystation/shared/runtime/zone';
import { type CellBody, type Chain, type Edge, emptyCell, flagJoined, type Run } from './cell.ts';
import { flowValues, gaugeMetrics, gaugeValues } from './measured.ts';
import { append, edgeAfter, joinRuns, limitRuns, link, newRun, prepend, runAfter } from './runs.ts';
import { type Runs, seenNeighbours } from './seen.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;

/** The cells of one device. */
export interface CellShelf {
  get(hour: number): CellBody | undefined;
  add(hour: number, cell: CellBody): void;
  /** The cell changed and must be written. */
  touch(hour: number): void;
  /** Hour of the nearest cell before (-1) or after (1) an hour. */
  neighbour(hour: number, direction: -1 | 1): number | undefined;
}

/** What is remembered of a session to book its readings. */
export interface SessionBook {
  readonly session: string;
  /** Numbers seen, the reading at hand included. */
  readonly runs: Runs;
  /** The highest reading in the hours, and its hour. */
  head: (Edge & { readonly hour: number }) | null;
  /** Where a neighbour was found last; saves a search for each reading of a late batch. */
  found?: { seq: number; hour: number } | undefined;
}

export interface Booking {
  readonly device: Device;
  readonly zone: Zone;
  readonly shelf: CellShelf;
  readonly session: SessionBook;
  /** Called with every change of an hour's flow (the first instant of the hour, differences by flow field). */
  readonly onFlow: (hour: number, flows: readonly number[], sign: 1 | -1) => void;
  /** The newest reading by time of any session; used by counters whose totals carry over sessions. */
  readonly newest: Edge | null;
}

/** Books a reading into the hour cells of its device. The reading must be new; any order of the same readings gives the same cells. */
export function bookReading(to: Booking, seq: number, at: number, data: ReadingData): void {
  const { device, zone, shelf, session } = to;
  const hour = zone.hourStart(bookedAt(at));
  const cell = openCell(to, hour);
  cell.count += 1;
  bookGauges(device, cell, session.session, seq, at, data);
  cover(to, hour, at);
  shelf.touch(hour);
  const values = flowValues(device, data);
  if (values.length > 0) bookFlow(to, cell, hour, { seq, at, values });
}

function openCell(to: Booking, hour: number): CellBody {
  const known = to.shelf.get(hour);
  if (known !== undefined && known.kind === to.device.kind) return known;
  const { kind } = to.device;
  const cell = emptyCell(
    kind,
    [to.zone.dayStart(hour), to.zone.nextDayStart(hour)],
    gaugeMetrics[kind].length,
  );
  to.shelf.add(hour, cell);
  return cell;
}

/** More sessions than this in one hour are kept in the gauges and the coverage only, flagged. */
const maxChainsPerHour = 32;

function chainOf(cell: CellBody, session: string): Chain | undefined {
  const { chains } = cell;
  for (let index = chains.length - 1; index >= 0; index -= 1) {
    const chain = chains[index] as Chain;
    if (chain.session === session) return chain;
  }
  return undefined;
}

function openChain(cell: CellBody, session: string): Chain | undefined {
  const known = chainOf(cell, session);
  if (known !== undefined) return known;
  if (cell.chains.length >= maxChainsPerHour) {
    cell.flags |= flagJoined;
    return undefined;
  }
  const chain: Chain = { session, runs: [] };
  const at = cell.chains.findIndex((other) => other.session > session);
  cell.chains.splice(at === -1 ? cell.chains.length : at, 0, chain);
  return chain;
}

function bookFlow(to: Booking, cell: CellBody, hour: number, edge: Edge): void {
  const { device, session } = to;
  const chain = openChain(cell, session.session);
  if (chain === undefined) return;
  const { runs } = chain;
  const isHead = session.head === null || edge.seq > session.head.seq;
  const index = runAfter(runs, edge.seq);
  const own = runs[index - 1];
  // Inside a run that was joined at the limit: nothing to add.
  if (own !== undefined && own.last.seq >= edge.seq) return;
  const followsOwn = own !== undefined && own.last.seq === edge.seq - 1;
  const meetsNext = runs[index]?.first.seq === edge.seq + 1;
  let changed: Run;

  if (followsOwn) {
    changed = own;
    changing(to, hour, changed, () => append(device, changed, edge));
    if (meetsNext) {
      const next = runs[index] as Run;
      to.onFlow(hour, next.link, -1);
      to.onFlow(hour, next.inner, -1);
      changing(to, hour, changed, () => joinRuns(device, chain, index - 1));
    }
  } else {
    const before = isHead && session.head !== null ? session.head : runBefore(to, edge, hour, chain, index);
    if (meetsNext) {
      const next = runs[index] as Run;
      to.onFlow(hour, next.link, -1);
      to.onFlow(hour, next.inner, -1);
      prepend(device, chain, index, edge, before === null ? null : plain(before));
      changed = runs[index] as Run;
    } else {
      changed = newRun(device, edge, before === null ? null : plain(before));
      runs.splice(index, 0, changed);
    }
    to.onFlow(hour, changed.link, 1);
    to.onFlow(hour, changed.inner, 1);
  }
  if (isHead) session.head = { ...edgeAfter(changed), hour };
  else relinkFollowing(to, changed, hour);
  if (device.persistentTotal) relinkNextSession(to, edgeAfter(changed), hour);
  if (limitRuns(device, chain)) cell.flags |= flagJoined;
}

const plain = (edge: Edge): Edge => ({ seq: edge.seq, at: edge.at, values: edge.values });

/** Reports what a change does to the flow of a run. */
function changing(to: Booking, hour: number, run: Run, change: () => void): void {
  to.onFlow(hour, run.link, -1);
  to.onFlow(hour, run.inner, -1);
  change();
  to.onFlow(hour, run.link, 1);
  to.onFlow(hour, run.inner, 1);
}

/** The reading before a late one, by number; for the first of a session of a persistent counter the last one of the session before. */
function runBefore(to: Booking, edge: Edge, hour: number, chain: Chain, index: number): Edge | null {
  const { below } = seenNeighbours(to.session.runs, edge.seq);
  if (below !== undefined) {
    const found = locate(to, hour, below, -1);
    if (found !== undefined) return edgeAfter(found.run);
    const own = chain.runs[index - 1];
    if (own !== undefined) return edgeAfter(own);
  }
  return to.device.persistentTotal ? otherSessionBefore(to, hour, edge.at) : null;
}

/** The run after a late reading starts from it now; and the one after that, as long as values pass through. */
function relinkFollowing(to: Booking, run: Run, hour: number): void {
  let from = run;
  let at = hour;
  for (let steps = 0; steps < maxSearched; steps += 1) {
    const { above } = seenNeighbours(to.session.runs, from.last.seq);
    if (above === undefined) return;
    const found = locate(to, at, above, 1);
    if (found === undefined || found.run === from) return;
    const before = edgeAfter(from);
    if (sameEdge(found.run.before, before)) return;
    changing(to, found.hour, found.run, () => link(to.device, found.run, plain(before)));
    to.shelf.touch(found.hour);
    if (!found.run.last.values.includes(null)) return;
    from = found.run;
    at = found.hour;
    const { head } = to.session;
    if (head !== null && from.last.seq === head.seq) to.session.head = { ...edgeAfter(from), hour: at };
  }
}

function sameEdge(a: Edge | null, b: Edge): boolean {
  return (
    a !== null &&
    a.seq === b.seq &&
    a.at === b.at &&
    a.values.every((value, index) => value === b.values[index])
  );
}

/** Cells looked at on each side for the neighbour of a late reading. */
const maxSearched = 64;

/** The run of this session that holds `seq`: in this hour, else outwards, first into the likelier direction. */
function locate(
  to: Booking,
  hour: number,
  seq: number,
  direction: -1 | 1,
): { run: Run; hour: number } | undefined {
  const look = (at: number) => {
    const cell = to.shelf.get(at);
    const runs = cell === undefined ? undefined : chainOf(cell, to.session.session)?.runs;
    const run = runs?.[runAfter(runs, seq) - 1];
    return run !== undefined && run.last.seq >= seq ? { run, hour: at } : undefined;
  };
  const { found } = to.session;
  const hit = look(hour) ?? (found?.seq === seq ? look(found.hour) : undefined);
  if (hit !== undefined) return hit;
  const sides = [
    { at: hour as number | undefined, by: direction },
    { at: hour as number | undefined, by: direction === 1 ? (-1 as const) : (1 as const) },
  ];
  for (let searched = 0; searched < maxSearched; searched += 1) {
    for (const side of sides) {
      if (side.at === undefined) continue;
      side.at = to.shelf.neighbour(side.at, side.by);
      const there = side.at === undefined ? undefined : look(side.at);
      if (there === undefined) continue;
      to.session.found = { seq, hour: there.hour };
      return there;
    }
  }
  return undefined;
}

/** The newest reading of another session before `at`, for counters that carry over. */
function otherSessionBefore(to: Booking, hour: number, at: number): Edge | null {
  let best: Edge | null = null;
  const look = (runs: readonly Run[]) => {
    for (const run of runs) {
      if (run.last.at <= at && (best === null || run.last.at > best.at)) best = edgeAfter(run);
    }
  };
  let current: number | undefined = hour;
  for (let searched = 0; searched < maxSearched && current !== undefined && best === null; searched += 1) {
    for (const chain of to.shelf.get(current)?.chains ?? []) {
      if (chain.session !== to.session.session) look(chain.runs);
    }
    current = to.shelf.neighbour(current, -1);
  }
  return best;
}

/** A session that began after this reading, on a counter that carries over, starts from it when nothing lies between. */
function relinkNextSession(to: Booking, edge: Edge, hour: number): void {
  if (to.newest === null || to.newest.at <= edge.at) return;
  let current: number | undefined = hour;
  for (let searched = 0; searched < 2 && current !== undefined; searched += 1) {
    let next: Run | undefined;
    for (const chain of to.shelf.get(current)?.chains ?? []) {
      const run = chain.runs[0];
      if (run === undefined || chain.session === to.session.session || run.first.at < edge.at) continue;
      // Only the first run of a session hangs on another session.
      if (run.before !== null && run.before.seq < run.first.seq && !isOlder(run.before, edge)) continue;
      if (next === undefined || run.first.at < next.first.at) next = run;
    }
    if (next !== undefined) {
      const run = next;
      if (run.before === null || run.before.at < edge.at) {
        changing(to, current, run, () => link(to.device, run, plain(edge)));
        to.shelf.touch(current);
      }
      return;
    }
    current = to.shelf.neighbour(current, 1);
  }
}

const isOlder = (a: Edge, b: Edge) => a.at < b.at;

function bookGauges(
  device: Device,
  cell: CellBody,
  session: string,
  seq: number,
  at: number,
  data: ReadingData,
): void {
  const values = gaugeValues(device.kind, data);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined) continue;
    const gauge = cell.gauges[index];
    if (gauge === null || gauge === undefined) {
      cell.gauges[index] = {
        sum: value,
        count: 1,
        min: value,
        max: value,
        last: value,
        lastAt: at,
        lastSeq: seq,
        lastSession: session,
      };
      continue;
    }
    gauge.sum += value;
    gauge.count += 1;
    if (value < gauge.min) gauge.min = value;
    if (value > gauge.max) gauge.max = value;
    const isLater =
      at !== gauge.lastAt
        ? at > gauge.lastAt
        : seq !== gauge.lastSeq
          ? seq > gauge.lastSeq
          : session > gauge.lastSession;
    if (isLater) {
      gauge.last = value;
      gauge.lastAt = at;
      gauge.lastSeq = seq;
      gauge.lastSession = session;
    }
  }
}

/** Late by up to a quarter of its interval a reading still leaves no minute uncovered. */
const intervalTolerance = 1.25;

/** Marks the minutes that a reading stands for: the reporting interval before it. */
function cover(to: Booking, hour: number, at: number): void {
  const reach = to.device.reportingIntervalS * 1_000 * intervalTolerance;
  const end = Math.max(Math.round(at / minuteMs), Math.floor(bookedAt(at) / minuteMs) + 1);
  const start = Math.min(Math.round((at - reach) / minuteMs), end - 1);
  for (let current = hour; ; ) {
    const firstMinute = Math.floor(current / minuteMs);
    if (end > firstMinute)
      mark(to, current, Math.max(0, start - firstMinute), Math.min(60, end - firstMinute));
    if (start >= firstMinute) return;
    current = to.zone.hourStart(current - hourMs / 2);
  }
}

function mark(to: Booking, hour: number, from: number, until: number): void {
  let low = 0;
  let high = 0;
  for (let minute = from; minute < until; minute += 1) {
    if (minute < 30) low |= 1 << minute;
    else high |= 1 << (minute - 30);
  }
  const cell = openCell(to, hour);
  if ((cell.coveredLow | low) === cell.coveredLow && (cell.coveredHigh | high) === cell.coveredHigh) return;
  cell.coveredLow |= low;
  cell.coveredHigh |= high;
  to.shelf.touch(hour);
}
