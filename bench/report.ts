import type { LatencyHistogram } from '../device-sim/src/load/latency-histogram.ts';

/** One measured line of DESIGN 6. */
export interface Figure {
  readonly name: string;
  readonly measured: string;
  readonly bar: string;
  /** null: no bar, or nothing to compare with. */
  readonly met: boolean | null;
  /** What the figure is made of: pairs, percentiles, sizes; all goes into the JSON. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A table for people, then the same as one line of JSON. */
export function printFigures(figures: readonly Figure[]): void {
  const rows = [
    ['what', 'measured', 'bar', 'met'],
    ...figures.map((f) => [f.name, f.measured, f.bar, f.met === null ? '-' : f.met ? 'yes' : 'NO']),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  console.log(JSON.stringify({ at: new Date().toISOString(), figures }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What the JSON keeps of a histogram, ms. */
export function latencyFigures(latency: LatencyHistogram) {
  return { p50Ms: latency.percentile(0.5), p99Ms: latency.percentile(0.99), maxMs: latency.max };
}
