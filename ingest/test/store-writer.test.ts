import { join } from 'node:path';
import type { MessageRecord } from '@waystation/shared/contracts/journal-record';
import { loadConfig } from '@waystation/shared/runtime/config';
import type { Lifecycle } from '@waystation/shared/runtime/lifecycle';
import { silentLog } from '@waystation/shared/runtime/log';
import type { TelemetryStore } from '@waystation/shared/telemetry-store/port';
import {
  openSqliteStore,
  openSqliteStoreForReading,
} from '@waystation/shared/telemetry-store/sqlite/sqlite-store';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createIngest } from '../src/service.ts';
import { openStateDb } from '../src/state-db.ts';
import { openStateView } from '../src/store-writer/state-view.ts';
import { createStoreWriter, type StoreWriter } from '../src/store-writer/store-writer.ts';
import { device, midnight, openTestJournal, register, temporaryFolder } from './state-testbed.ts';

const minuteMs = 60_000;
const soon = { timeout: 10_000, interval: 20 };
const wholeDay = { station: 's1', device: 'door-1', from: 0, to: midnight * 2, limit: 10_000 };

let dataDir: string;
let journal: Awaited<ReturnType<typeof openTestJournal>>;
let revision: number;
const running: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  dataDir = temporaryFolder();
  revision = await register(dataDir, [device('s1', 'door-1', 'door-counter')]);
  journal = await openTestJournal(dataDir);
  await journal.write([{ type: 'settings', receivedAt: midnight, revision }]);
});

afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
  await journal.close();
});

function reading(seq: number, at: number, data: unknown = { in: seq, out: seq - 1 }): MessageRecord {
  const payload = Buffer.from(JSON.stringify({ session: 'a', seq, at, kind: 'door-counter', data }));
  const topic = 'ws/1/s1/door-1/telemetry';
  return {
    type: 'message',
    receivedAt: at,
    connection: 'c',
    login: 's1/door-1',
    will: false,
    topic,
    payload,
  };
}

async function startIngest(): Promise<Lifecycle> {
  const ingest = createIngest(loadConfig({ DATA_DIR: dataDir }), silentLog);
  running.push(() => ingest.stop());
  await ingest.start();
  return ingest;
}

function reader(): TelemetryStore {
  const store = openSqliteStoreForReading(dataDir);
  running.push(() => store.close());
  return store;
}

const seqs = async (store: TelemetryStore) => (await store.readRaw(wholeDay)).readings.map(({ seq }) => seq);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

it('stores each accepted reading once, leaves out repeats and bad ones, and rolls hours and days up', async () => {
  const good = upTo(180).map((seq) => reading(seq, midnight + seq * minuteMs));
  await journal.write([
    ...good.slice(0, 90),
    good[5]!,
    reading(500, midnight + minuteMs, { in: 'many', out: 0 }),
    ...good.slice(80),
  ]);
  await startIngest();
  const store = reader();
  await vi.waitFor(async () => expect(await seqs(store)).toEqual(upTo(180)), soon);
  await vi.waitFor(async () => {
    const sums = async (level: 'hour' | 'day') =>
      (await store.readCells({ level, metrics: ['entries'], from: midnight, to: midnight * 2 })).map(
        ({ sum }) => sum,
      );
    expect(await sums('hour')).toEqual([60, 60, 60]);
    expect(await sums('day')).toEqual([180]);
  }, soon);
});

it('goes on where it stopped, with nothing lost and nothing twice', async () => {
  await journal.write(upTo(50).map((seq) => reading(seq, midnight + seq * minuteMs)));
  const first = await startIngest();
  const store = reader();
  await vi.waitFor(async () => expect(await seqs(store)).toHaveLength(50), soon);
  await first.stop();
  await journal.write(upTo(100).map((seq) => reading(seq, midnight + seq * minuteMs)));
  await startIngest();
  await vi.waitFor(async () => expect(await seqs(store)).toEqual(upTo(100)), soon);
});

it('corrects the rollups of an hour when late readings come', async () => {
  const all = upTo(120).map((seq) => reading(seq, midnight + seq * minuteMs));
  await journal.write([...all.slice(0, 30), ...all.slice(90)]);
  await startIngest();
  const store = reader();
  await vi.waitFor(async () => expect(await seqs(store)).toHaveLength(60), soon);
  await journal.write(all.slice(30, 90));
  await vi.waitFor(async () => {
    const cells = await store.readCells({
      level: 'hour',
      metrics: ['entries'],
      from: midnight,
      to: midnight * 2,
    });
    expect(cells.map(({ sum, coveredMinutes }) => [sum, coveredMinutes])).toEqual([
      [60, 60],
      [60, 60],
    ]);
  }, soon);
});

it('tries again while the store fails, and never reads past what the state consumer has committed', async () => {
  await journal.write(upTo(10).map((seq) => reading(seq, midnight + seq * minuteMs)));
  openStateDb(dataDir).close();
  const store = openSqliteStore(dataDir);
  let failures = 3;
  const failing: TelemetryStore = {
    ...store,
    writeReadings: async (rows) => {
      failures -= 1;
      if (failures >= 0) throw new Error('disk full');
      await store.writeReadings(rows);
    },
  };
  const writer: StoreWriter = createStoreWriter({
    journalDir: join(dataDir, 'journal'),
    state: openStateView(dataDir),
    store: failing,
    from: undefined,
    log: silentLog,
    onPosition: () => undefined,
  });
  const run = writer.run();
  const half = Math.floor(journal.position.offset / 2);
  writer.committed({ ...journal.position, offset: half, revision: 0 });
  await vi.waitFor(() => expect(writer.problems()).toHaveLength(1), soon);
  await vi.waitFor(async () => expect((await seqs(store)).length).toBeGreaterThan(0), soon);
  expect((await seqs(store)).length).toBeLessThan(10);
  expect(writer.problems()).toEqual([]);
  writer.committed({ ...journal.position, revision: 0 });
  await vi.waitFor(async () => expect(await seqs(store)).toEqual(upTo(10)), soon);
  writer.stop();
  await run;
  await store.close();
});

it('stops twice, and while it is starting', async () => {
  const ingest = createIngest(loadConfig({ DATA_DIR: dataDir }), silentLog);
  const starting = ingest.start();
  await Promise.all([ingest.stop(), ingest.stop(), starting]);
});
