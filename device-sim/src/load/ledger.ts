import { readFileSync, writeFileSync } from 'node:fs';
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

export function readLedger(file: string): Ledger {
  return ledgerSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
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
