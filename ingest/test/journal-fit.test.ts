import { rmSync } from 'node:fs';
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
} from './state-testbed.ts';

it('says so and stays up when the journal does not fit the state', async () => {
  const dataDir = temporaryFolder();
  const revision = await register(dataDir, [device('s1', 'door-1', 'door-counter')]);
  const before = await openTestJournal(dataDir);
  await before.write([{ type: 'settings', receivedAt: midnight, revision }]);
  const first = startState(dataDir, before);
  await first.caughtUp();
  await first.stop();
  await before.close();

  rmSync(`${dataDir}/journal`, { recursive: true });
  const journal = await openTestJournal(dataDir);
  await journal.write([{ type: 'tick', receivedAt: midnight }]);
  const state = startState(dataDir, journal);
  await expect
    .poll(() => state.consumer.problems()[0]?.code)
    .toMatch(/^journal_(generation_changed|position_past_end)$/);
  expect(state.consumer.problems()[0]?.fix).toBeTruthy();
  expect(state.consumer.metrics()['waystation_ingest_failed']).toBe(1);
  await state.stop();
  await journal.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it('forgets cells that no late reading can reach any more', async () => {
  const dataDir = temporaryFolder();
  const revision = await register(dataDir, [device('s1', 'door-1', 'door-counter')]);
  const journal = await openTestJournal(dataDir);
  const noon = midnight + 12 * 3_600_000;
  const reading = { session: 'a', seq: 0, at: noon, kind: 'door-counter', data: { in: 3, out: 1 } };
  await journal.write([
    { type: 'settings', receivedAt: midnight, revision },
    message(noon, 's1/door-1', reading),
  ]);
  const state = startState(dataDir, journal);
  await state.caughtUp();
  expect(readTables(dataDir)['cells']).toHaveLength(1);
  const fortyOneDays = 41 * 86_400_000;
  for (let tick = 0; tick < 5; tick += 1) {
    await journal.write([{ type: 'tick', receivedAt: noon + fortyOneDays + tick }]);
    await state.caughtUp();
  }
  await state.stop();
  expect(readTables(dataDir)['cells']).toEqual([]);
  await journal.close();
  rmSync(dataDir, { recursive: true, force: true });
});
