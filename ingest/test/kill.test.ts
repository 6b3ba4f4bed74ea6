import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalRecord } from '@waystation/shared/contracts/journal-record';
import { expect, it } from 'vitest';
import {
  device,
  message,
  midnight,
  openTestJournal,
  readTables,
  register,
  startState,
  temporaryFolder,
  until,
} from './state-testbed.ts';

const kinds = ['door-counter', 'water-dispenser', 'microwave'] as const;
const dataOf = (kind: (typeof kinds)[number], count: number, random: () => number) => {
  if (kind === 'door-counter') return { in: count * 2, out: count };
  if (kind === 'microwave') return { powerW: random() < 0.3 ? 900 : 3 };
  return { levelMl: Math.round(random() * 18_900), ...(random() < 0.5 ? { dispensedMl: count * 7.5 } : {}) };
};

/** Small and repeatable: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Messages with everything that happens: disorder, repeats, broken ones, late batches, connects, ticks. */
function traffic(
  devices: readonly ReturnType<typeof device>[],
  records: number,
  random: () => number,
): JournalRecord[] {
  const list: JournalRecord[] = [];
  const seqs = new Map<string, number>();
  let now = midnight;
  while (list.length < records) {
    now += Math.floor(random() * 4_000);
    const each = devices[Math.floor(random() * devices.length)] as (typeof devices)[number];
    const kind = each.kind as (typeof kinds)[number];
    const key = `${each.station}/${each.id}`;
    const seq = seqs.get(key) ?? 0;
    const dice = random();
    const reading = (number: number, at: number) => ({ seq: number, at, data: dataOf(kind, number, random) });
    if (dice < 0.02)
      list.push({
        type: 'connect',
        receivedAt: now,
        connection: `c-${key}`,
        login: key,
        clientId: key,
        address: '::1',
      });
    else if (dice < 0.03)
      list.push({ type: 'disconnect', receivedAt: now, connection: `c-${key}`, login: key, reason: 'gone' });
    else if (dice < 0.05) list.push({ type: 'tick', receivedAt: now });
    else if (dice < 0.06) list.push(message(now, key, '{"session":1'));
    else if (dice < 0.12)
      list.push(
        message(now, key, {
          session: 'a',
          kind,
          ...reading(Math.max(0, seq - Math.floor(random() * 5)), now),
        }),
      );
    else if (dice < 0.2) {
      const readings = Array.from({ length: 20 }, (_, index) =>
        reading(seq + 20 - index, now - index * 60_000),
      );
      seqs.set(key, seq + 21 + Math.floor(random() * 2));
      list.push(message(now, key, { session: 'a', kind, late: true, readings }));
    } else {
      seqs.set(key, seq + 1);
      list.push(message(now, key, { session: 'a', kind, ...reading(seq, now - 30) }));
    }
  }
  return list;
}

it(
  'reaches the same state whether it runs through, is killed at random moments, or replays everything',
  { timeout: 90_000 },
  async () => {
    const dataDir = temporaryFolder();
    const through = temporaryFolder();
    const random = seeded(7);
    const devices = Array.from({ length: 30 }, (_, index) =>
      device(`s${index % 5}`, `d-${index}`, kinds[index % 3] as (typeof kinds)[number]),
    );
    const revision = await register(dataDir, devices);
    const journal = await openTestJournal(dataDir);
    await journal.write([
      { type: 'start', receivedAt: midnight, version: 't' },
      { type: 'settings', receivedAt: midnight, revision },
    ]);
    cpSync(join(dataDir, 'registry.db'), join(through, 'registry.db'));
    const records = traffic(devices, 40_000, random);

    let child: ChildProcess | undefined;
    let stderr = '';
    const launch = () => {
      child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, DATA_DIR: dataDir },
      });
      child.stderr?.on('data', (bytes: Buffer) => {
        stderr += bytes.toString();
      });
    };
    const ended = (of: ChildProcess | undefined) =>
      new Promise<void>((resolve) => of?.once('exit', () => resolve()));
    const committed = () => {
      try {
        return (readTables(dataDir)['position']?.[0] as { offset: number } | undefined)?.offset ?? 0;
      } catch {
        return 0;
      }
    };
    launch();
    for (let round = 0; round < 8; round += 1) {
      await journal.write(records.slice(round * 5_000, (round + 1) * 5_000));
      await new Promise((resolve) => setTimeout(resolve, 100 + random() * 400));
      const gone = ended(child);
      child?.kill('SIGKILL');
      await gone;
      launch();
    }
    await until(() => committed() === journal.position.offset, 30_000);
    const gone = ended(child);
    child?.kill('SIGKILL');
    await gone;
    expect(stderr).toBe('');

    cpSync(join(dataDir, 'journal'), join(through, 'journal'), { recursive: true });
    const state = startState(through, journal);
    await state.caughtUp();
    await state.stop();
    await journal.close();
    const killed = readTables(dataDir);
    const straight = readTables(through);
    // The store writer of the killed process has done away with what it no longer needs of `withheld`.
    for (const table of Object.keys(straight).filter((name) => name !== 'withheld'))
      expect(killed[table], table).toEqual(straight[table]);
    rmSync(dataDir, { recursive: true });
    rmSync(through, { recursive: true });
  },
);
