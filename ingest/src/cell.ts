import type { DeviceKind } from '@waystation/shared/contracts/telemetry';
import type { Values } from './measured.ts';

/** A reading's place in its session with the cumulative values known there. */
export interface Edge {
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  readonly values: Values;
}

/** A flow was counted over a fall that was no wrap. */
export const flagReset = 1;
/** More than two reporting intervals between two readings. */
export const flagGap = 2;
/** A limit was reached: runs were joined over numbers that may still come. */
export const flagJoined = 4;

/**
 * Readings of one session and hour whose numbers follow each other without a gap. Two runs that touch become one, whatever came first, so that the runs of
 * an hour are the same for every order of arrival, and with them the flows: `inner` is the sum over neighbouring pairs.
 */
export interface Run {
  /** Its values are the first that the run knows of each field. */
  first: Edge;
  /** Its values are the last that the run knows of each field. */
  last: Edge;
  inner: number[];
  flags: number;
  /** The reading before the run by number, in this hour or another; null = none. */
  before: Edge | null;
  /** Flow from `before` to `first`: it belongs to the later reading's hour. */
  link: readonly number[];
  linkFlags: number;
}
export interface Chain {
  readonly session: string;
  /** Ascending by number. */
  readonly runs: Run[];
}
export interface Gauge {
  /** In thousandths, like all values here. */
  sum: number;
  count: number;
  min: number;
  max: number;
  last: number;
  lastAt: number;
  lastSeq: number;
  lastSession: string;
}

/** What is kept of one device and local hour: enough to merge late readings to the same figures. A row of `cell`. */
export interface CellBody {
  readonly kind: DeviceKind;
  /** First instants of the local day and of the next one, epoch ms. */
  readonly day: readonly [number, number];
  /** Readings in the hour. */
  count: number;
  /** Minutes 0 to 29 and 30 to 59 that readings cover, as bits. */
  coveredLow: number;
  coveredHigh: number;
  flags: number;
  readonly chains: Chain[];
  readonly gauges: (Gauge | null)[];
}

export function emptyCell(kind: DeviceKind, day: readonly [number, number], gauges: number): CellBody {
  return {
    kind,
    day,
    count: 0,
    coveredLow: 0,
    coveredHigh: 0,
    flags: 0,
    chains: [],
    gauges: new Array<Gauge | null>(gauges).fill(null),
  };
}

type EdgeRow = readonly [number, number, Values];
type RunRow = readonly [EdgeRow, EdgeRow, number[], number, EdgeRow | 0, readonly number[], number];
type GaugeRow = readonly [number, number, number, number, number, number, number, string];
interface CellRow {
  readonly k: DeviceKind;
  readonly d: readonly [number, number];
  readonly n: number;
  readonly m: readonly [number, number];
  readonly f: number;
  readonly c: readonly (readonly [string, ...RunRow[]])[];
  readonly g: readonly (GaugeRow | 0)[];
}

const edgeRow = (edge: Edge): EdgeRow => [edge.seq, edge.at, edge.values];
const readEdge = (row: EdgeRow): Edge => ({ seq: row[0], at: row[1], values: row[2] });

/** A cell as JSON; equal cells give equal bytes. */
export function writeCell(cell: CellBody): string {
  const row: CellRow = {
    k: cell.kind,
    d: cell.day,
    n: cell.count,
    m: [cell.coveredLow, cell.coveredHigh],
    f: cell.flags,
    c: cell.chains.map((chain) => [
      chain.session,
      ...chain.runs.map(
        (run): RunRow => [
          edgeRow(run.first),
          edgeRow(run.last),
          run.inner,
          run.flags,
          run.before === null ? 0 : edgeRow(run.before),
          run.link,
          run.linkFlags,
        ],
      ),
    ]),
    g: cell.gauges.map((gauge) =>
      gauge === null
        ? 0
        : [
            gauge.sum,
            gauge.count,
            gauge.min,
            gauge.max,
            gauge.last,
            gauge.lastAt,
            gauge.lastSeq,
            gauge.lastSession,
          ],
    ),
  };
  return JSON.stringify(row);
}

/** Reads what `writeCell` wrote (our own file: its shape is trusted). */
export function parseCell(body: string): CellBody {
  const row = JSON.parse(body) as CellRow;
  return {
    kind: row.k,
    day: row.d,
    count: row.n,
    coveredLow: row.m[0],
    coveredHigh: row.m[1],
    flags: row.f,
    chains: row.c.map(([session, ...runs]) => ({
      session,
      runs: runs.map(([first, last, inner, flags, before, link, linkFlags]) => ({
        first: readEdge(first),
        last: readEdge(last),
        inner,
        flags,
        before: before === 0 ? null : readEdge(before),
        link,
        linkFlags,
      })),
    })),
    gauges: row.g.map((gauge) => {
      if (gauge === 0) return null;
      const [sum, count, min, max, last, lastAt, lastSeq, lastSession] = gauge;
      return { sum, count, min, max, last, lastAt, lastSeq, lastSession };
    }),
  };
}

/** Flows of the cell so far, in the order of the kind's flow fields, and all flags of the cell. */
export function cellFlows(cell: CellBody, width: number): { flows: number[]; flags: number } {
  const flows = new Array<number>(width).fill(0);
  let flags = cell.flags;
  for (const chain of cell.chains) {
    for (const run of chain.runs) {
      for (let index = 0; index < width; index += 1) {
        flows[index] = (flows[index] ?? 0) + (run.inner[index] ?? 0) + (run.link[index] ?? 0);
      }
      flags |= run.flags | run.linkFlags;
    }
  }
  return { flows, flags };
}
