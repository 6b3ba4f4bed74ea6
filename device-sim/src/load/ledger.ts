import { readFileSync, writeFileSync } from 'node:fs';
import { WaystationError } from '@waystation/shared/runtime/errors';
import { z } from 'zod';

/**
 * What the platform has acknowledged, per device and session: the numbers as runs [first, last], the times between which they lie, and the
 * counters of the newest reading. `verify` compares this with what the platform answers.
 */
export const ledgerSchema = z.array(
  z.object({
    device: z.string(),
    session: z.string(),
    runs: z.array(z.tuple([z.number(), z.number()])),
    firstAt: z.number(),
    lastAt: z.number(),
    in: z.number(),
    out: z.number(),
  }),
);
export type Ledger = z.output<typeof ledgerSchema>;

export function writeLedger(file: string, ledger: Ledger): void {
  writeFileSync(file, JSON.stringify(ledger));
}

/** One acknowledged reading, as the running fleet notes it; `in` and `out` only of door counters. */
export interface AcknowledgedReading {
  /** `station/device`. */
  readonly device: string;
  readonly session: string;
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  readonly in?: number;
  readonly out?: number;
}

/** `device session seq at in out`, without the counts for a device that has none. */
export function acknowledgedLine(reading: AcknowledgedReading): string {
  const counts = reading.in === undefined ? '' : ` ${reading.in} ${reading.out}`;
  return `${reading.device} ${reading.session} ${reading.seq} ${reading.at}${counts}`;
}

/**
 * Reads a ledger: what `load` wrote, or the lines that the fleet notes. A last line without its end was cut by a kill and is left out.
 * @throws WaystationError `ledger_invalid` naming the line.
 */
export function readLedger(file: string): Ledger {
  const text = readFileSync(file, 'utf8');
  if (text.startsWith('[')) return ledgerSchema.parse(JSON.parse(text));
  const entries = new Map<string, Ledger[number]>();
  const lines = text.split('\n');
  lines.pop();
  for (const [index, line] of lines.entries()) {
    const [device = '', session = '', ...numbers] = line.split(' ');
    const [seq = Number.NaN, at = Number.NaN, entered = 0, left = 0] = numbers.map(Number);
    if (!device.includes('/') || ![seq, at, entered, left].every(Number.isSafeInteger)) {
      throw new WaystationError({
        code: 'ledger_invalid',
        message: `${file}, line ${index + 1}: "${line}" is not "station/device session seq at [in out]".`,
        fix: 'Give a ledger that load or the fleet wrote.',
      });
    }
    const key = `${device} ${session}`;
    const entry = entries.get(key) ?? { device, session, runs: [], firstAt: at, lastAt: at, in: 0, out: 0 };
    entries.set(key, entry);
    addToRuns(entry.runs, seq);
    entry.firstAt = Math.min(entry.firstAt, at);
    entry.lastAt = Math.max(entry.lastAt, at);
    entry.in = Math.max(entry.in, entered);
    entry.out = Math.max(entry.out, left);
  }
  return [...entries.values()];
}

/** Adds a number to ascending runs; numbers come nearly in order, so the search begins at the end. */
export function addToRuns(runs: [number, number][], seq: number): void {
  let place = runs.length - 1;
  while (place >= 0 && runs[place]![0] > seq) place -= 1;
  const before = runs[place];
  const after = runs[place + 1];
  if (before !== undefined && seq <= before[1]) return;
  const joinsBefore = before !== undefined && before[1] === seq - 1;
  const joinsAfter = after !== undefined && after[0] === seq + 1;
  if (joinsBefore && joinsAfter) {
    before[1] = after[1];
    runs.splice(place + 1, 1);
  } else if (joinsBefore) before[1] = seq;
  else if (joinsAfter) after[0] = seq;
  else runs.splice(place + 1, 0, [seq, seq]);
}
