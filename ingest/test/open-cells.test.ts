import { rmSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import {
  device,
  message,
  midnight,
  openTestJournal,
  readTables,
  register,
  startState,
  temporaryFolder,
} from './state-testbed.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const noon = midnight + 12 * 3_600_000;
const doors = Array.from({ length: 60 }, (_, index) => device('s1', `door-${index}`, 'door-counter'));
const anHour = 3_600_000;
const readings = (seq: number, receivedAt: number, at: number) =>
  doors.map(({ id }) =>
    message(receivedAt, `s1/${id}`, {
      session: 'a',
      seq,
      at,
      kind: 'door-counter',
      data: { in: seq * 3, out: seq },
    }),
  );
const ticks = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ type: 'tick' as const, receivedAt: from + index * 10_000 }));

/** Plays readings of 60 devices into one hour and the next; `stops` says whether the consumer ends and begins again after each step. */
async function play(stops: boolean): Promise<{ dataDir: string; waited: number }> {
  const dataDir = temporaryFolder();
  folders.push(dataDir);
  const revision = await register(dataDir, doors);
  const journal = await openTestJournal(dataDir);
  let running = startState(dataDir, journal);
  let waited = 0;
  const steps = [
    [{ type: 'settings' as const, receivedAt: noon, revision }],
    readings(1, noon + 1, noon - anHour + 600_000 + 1_000),
    readings(2, noon + 2, noon - anHour + 600_000 + 2_000),
    readings(4, noon + 3, noon),
    readings(5, noon + 4, noon + 1_000),
    // Late for the hour before, while the open hour waits.
    readings(3, noon + 5, noon - anHour + 600_000 + 3_000),
    ticks(noon + 10_000, 5),
  ];
  for (const step of steps) {
    await journal.write(step);
    await running.caughtUp();
    waited = Math.max(waited, running.consumer.metrics()['waystation_ingest_open_cells_waiting'] ?? 0);
    if (!stops) continue;
    await running.stop();
    running = startState(dataDir, journal);
  }
  await running.caughtUp();
  await running.stop();
  await journal.close();
  return { dataDir, waited };
}

it('lets open cells wait in the rows of their devices, and loses none when ingest ends meanwhile', async () => {
  const through = await play(false);
  const stopped = await play(true);
  expect(through.waited).toBeGreaterThan(20);
  expect(stopped.waited).toBeGreaterThan(20);
  const cells = readTables(through.dataDir)['cells'];
  expect(cells).toHaveLength(120);
  expect(readTables(stopped.dataDir)['cells']).toEqual(cells);
});
