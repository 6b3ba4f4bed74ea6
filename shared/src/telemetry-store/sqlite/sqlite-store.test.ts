import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { telemetryStoreContract } from '../contract.test-suite.ts';
import { openSqliteStore, openSqliteStoreForReading } from './sqlite-store.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'waystation-telemetry-'));

telemetryStoreContract('SQLite', async () => {
  const dataDir = folder();
  const store = openSqliteStore(dataDir);
  return {
    store,
    end: async () => {
      await store.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
});

it('answers nothing to a reader before the writer made the file, and then what was written', async () => {
  const dataDir = folder();
  const reader = openSqliteStoreForReading(dataDir);
  const query = { station: 's1', device: 'door-1', from: 0, to: 10, limit: 10 };
  expect(await reader.readRaw(query)).toEqual({ readings: [], next: null });
  const writer = openSqliteStore(dataDir);
  await writer.writeReadings([
    {
      station: 's1',
      device: 'door-1',
      kind: 'door-counter',
      session: 'a',
      seq: 1,
      at: 5,
      clockReplaced: false,
      data: { in: 1, out: 0 },
    },
  ]);
  expect((await reader.readRaw(query)).readings).toHaveLength(1);
  await reader.close();
  await writer.close();
});
