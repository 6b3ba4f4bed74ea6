import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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

it('answers nothing while the file has no tables yet, and says when the file is no database', async () => {
  const dataDir = folder();
  const file = join(dataDir, 'telemetry.db');
  const cells = { level: 'day', metrics: ['entries'], from: 0, to: 10 } as const;
  const unfinished = new DatabaseSync(file);
  unfinished.exec('PRAGMA journal_mode = WAL');
  const reader = openSqliteStoreForReading(dataDir);
  expect(await reader.readCells(cells)).toEqual([]);
  unfinished.close();
  await openSqliteStore(dataDir).close();
  expect(await reader.readCells(cells)).toEqual([]);
  expect(await reader.health()).toMatchObject({ ok: true });
  await reader.close();
  writeFileSync(file, 'this is no database, and it is longer than a header of one hundred bytes. '.repeat(9));
  const broken = openSqliteStoreForReading(dataDir);
  expect(await broken.health()).toMatchObject({
    ok: false,
    message: expect.stringContaining('telemetry.db'),
  });
  await broken.close();
});

it('deletes more readings of one millisecond than a step looks at', async () => {
  const dataDir = folder();
  const store = openSqliteStore(dataDir);
  const one = { station: 's1', device: 'door-1', kind: 'door-counter', session: 'a' } as const;
  await store.writeReadings(
    Array.from({ length: 700 }, (_, seq) => ({
      ...one,
      seq,
      at: seq < 600 ? 5 : 9,
      clockReplaced: false,
      data: { in: 1, out: 0 },
    })),
  );
  while (await store.deleteRawBefore(9));
  const page = await store.readRaw({ station: 's1', device: 'door-1', from: 0, to: 10, limit: 1_000 });
  expect(page.readings).toHaveLength(100);
  await store.close();
});
