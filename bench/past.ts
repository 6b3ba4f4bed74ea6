import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeRecord, type JournalRecord } from '../shared/src/contracts/journal-record.ts';
import { openJournalWriter } from '../shared/src/journal/writer.ts';
import { openDatabaseForReading } from '../shared/src/runtime/sqlite.ts';

export interface Past {
  /** Registry revision from which the records are read. */
  readonly revision: number;
  /** `station/device` of door counters. */
  readonly devices: readonly string[];
  readonly days: number;
  readonly everyMs: number;
}

/** Readings of one message. */
const readingsPerMessage = 500;
const appendsInFlight = 2_000;

/**
 * Writes the past of some door counters into a journal as if it had come through the broker with replay logins, so that ingest, run over it,
 * makes the tables that a district of that age has. Needs an empty DATA_DIR/journal; answers the journal's end.
 */
export async function writePast(dataDir: string, past: Past): Promise<number> {
  const journal = await openJournalWriter({
    dir: join(dataDir, 'journal'),
    maxBufferedBytes: 256 * 1_048_576,
    maxUnreadBytes: 64 * 1_073_741_824,
  });
  const now = Date.now();
  let waiting = 0;
  const append = async (record: JournalRecord) => {
    waiting += 1;
    const done = new Promise<void>((resolve, reject) => {
      journal.append(encodeRecord(record), (error) => {
        waiting -= 1;
        if (error === null) resolve();
        else reject(error);
      });
    });
    if (waiting >= appendsInFlight) await done;
    else
      done.catch((thrown: unknown) => {
        throw thrown;
      });
  };
  await append({ type: 'start', receivedAt: now, version: 'bench' });
  await append({ type: 'settings', receivedAt: now, revision: past.revision });
  const total = Math.floor((past.days * 86_400_000) / past.everyMs);
  const startAt = now - total * past.everyMs;
  for (let first = 1; first <= total; first += readingsPerMessage) {
    const last = Math.min(total, first + readingsPerMessage - 1);
    const readings = Array.from({ length: last - first + 1 }, (_, index) => {
      const seq = first + index;
      return { seq, at: startAt + seq * past.everyMs, data: { in: seq * 2, out: seq * 2 - (seq % 3) } };
    });
    const payload = Buffer.from(
      JSON.stringify({ session: 'past', kind: 'door-counter', late: true, readings }),
    );
    for (const device of past.devices) {
      const login = `${device.slice(0, device.indexOf('/'))}:replay`;
      await append({
        type: 'message',
        receivedAt: now,
        connection: 'bench',
        login,
        will: false,
        topic: `ws/1/${device}/telemetry`,
        payload,
      });
    }
  }
  while (waiting > 0) await sleep(10);
  const { offset } = journal.position;
  await journal.close();
  return offset;
}

/** Waits until the state consumer and the store writer have both come to `offset` and all cells are in the store. */
export async function takenIn(dataDir: string, offset: number, say: (line: string) => void): Promise<void> {
  for (let turn = 1; ; turn += 1) {
    await sleep(500);
    const db = openDatabaseForReading(join(dataDir, 'state.db'));
    const rows = db?.prepare('SELECT consumer, offset, revision FROM position').all() ?? [];
    db?.close();
    const [state, store] = ['state', 'store'].map((consumer) =>
      rows.find((row) => row['consumer'] === consumer),
    );
    if (Number(store?.['offset'] ?? 0) >= offset && store?.['revision'] === state?.['revision']) return;
    if (turn % 20 === 0)
      say(`  ${Math.round((Number(store?.['offset'] ?? 0) / offset) * 100)} % of the past is in the store`);
  }
}
