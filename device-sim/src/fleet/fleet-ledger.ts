import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorLine } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import { type AcknowledgedReading, acknowledgedLine } from '../load/ledger.ts';
import type { TruthLine } from '../world/truth-ledger.ts';

/** Days kept of each of the two files; a day of the demo district is some 10 MB and 1 MB. */
const keepDays = 3;
/** Beyond it a day's file takes no more lines; they are counted. */
const maxFileBytes = 256 * 1_048_576;
const writeEveryMs = 1_000;

/**
 * What the fleet knows for sure, in DATA_DIR/sim: `acknowledged-DAY.log`, every reading that the broker acknowledged (`verify --ledger` reads it),
 * and `truth-DAY.jsonl`, what really happened in the rooms. One file of each per local day of the readings.
 */
export interface FleetLedger {
  acknowledged(day: string, reading: AcknowledgedReading): void;
  truth(day: string, line: TruthLine): void;
  /** A world that starts again tells its day from the beginning. */
  forgetTruth(day: string): void;
  /** Writes what is left. */
  close(): void;
  dropped(): number;
}

export function openFleetLedger(dataDir: string, log: Log): FleetLedger {
  const folder = join(dataDir, 'sim');
  mkdirSync(folder, { recursive: true });
  const waiting = new Map<string, string[]>();
  let dropped = 0;

  const add = (name: string, line: string) => {
    const lines = waiting.get(name);
    if (lines === undefined) waiting.set(name, [line]);
    else lines.push(line);
  };
  const write = () => {
    for (const [name, lines] of waiting) {
      const file = join(folder, name);
      try {
        if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxFileBytes) dropped += lines.length;
        else appendFileSync(file, `${lines.join('\n')}\n`);
      } catch (thrown) {
        dropped += lines.length;
        log.warn('the ledger of the simulator cannot be written', { error: errorLine(thrown), dropped });
      }
      waiting.delete(name);
    }
  };
  const rotate = (prefix: string) => {
    const files = readdirSync(folder).filter((name) => name.startsWith(prefix));
    for (const old of files.sort().slice(0, -keepDays)) rmSync(join(folder, old));
  };
  const timer = setInterval(() => {
    write();
    rotate('acknowledged-');
    rotate('truth-');
  }, writeEveryMs);
  timer.unref();

  return {
    acknowledged: (day, reading) => add(`acknowledged-${day}.log`, acknowledgedLine(reading)),
    truth: (day, line) => add(`truth-${day}.jsonl`, JSON.stringify(line)),
    forgetTruth(day) {
      writeFileSync(join(folder, `truth-${day}.jsonl`), '');
    },
    close() {
      clearInterval(timer);
      write();
    },
    dropped: () => dropped,
  };
}
