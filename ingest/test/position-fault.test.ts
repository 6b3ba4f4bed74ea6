import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { device, midnight, openTestJournal, register, startState, temporaryFolder } from './state-testbed.ts';

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
