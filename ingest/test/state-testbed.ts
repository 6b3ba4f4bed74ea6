import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  encodeRecord,
  type JournalRecord,
  type MessageRecord,
} from '@waystation/shared/contracts/journal-record';
import {
  type Device,
  deviceSchema,
  type EntityChange,
  stationSchema,
} from '@waystation/shared/contracts/registry-documents';
import type { DeviceKind } from '@waystation/shared/contracts/telemetry';
import type { DeviceTwin, StationTwin } from '@waystation/shared/contracts/twin';
import { type JournalWriter, openJournalWriter } from '@waystation/shared/journal/writer';
import { openRegistry } from '@waystation/shared/registry/registry';
import { openRegistryReader } from '@waystation/shared/registry/registry-reader';
import { silentLog } from '@waystation/shared/runtime/log';
import { createStateConsumer, type StateConsumer } from '../src/consume.ts';
import { openStateDb, type StateDb } from '../src/state-db.ts';

/** 2026-03-02 00:00 in Shanghai. */
export const midnight = Date.UTC(2026, 2, 1, 16);

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'waystation-ingest-'));
}

export function device(station: string, id: string, kind: DeviceKind, more: Partial<Device> = {}): Device {
  return { ...deviceSchema.parse({ station, id, kind }), ...more };
}

/** Registers stations with devices; answers the registry revision. */
export async function register(
  dataDir: string,
  devices: readonly Device[],
  zone = 'Asia/Shanghai',
): Promise<number> {
  const registry = await openRegistry(dataDir);
  const stations = [...new Set(devices.map(({ station }) => station))];
  const changes: EntityChange[] = [
    { kind: 'district', id: 'district', body: { name: 'Test', zone, genericName: 'Test', demo: false } },
    { kind: 'unit', id: 'unit-1', body: { id: 'unit-1', name: 'Unit', type: '街道' } },
    ...stations.map(
      (id): EntityChange => ({
        kind: 'station',
        id,
        body: stationSchema.parse({ id, unit: 'unit-1', name: id }),
      }),
    ),
    ...devices.map((body): EntityChange => ({ kind: 'device', id: `${body.station}/${body.id}`, body })),
  ];
  const revision = await registry.apply(changes, { who: 'test', what: 'set up' });
  registry.close();
  return revision;
}

/** A journal that a test fills by hand. */
export async function openTestJournal(
  dataDir: string,
): Promise<JournalWriter & { write(records: readonly JournalRecord[]): Promise<void> }> {
  const writer = await openJournalWriter({
    dir: join(dataDir, 'journal'),
    maxBufferedBytes: 256 * 1_048_576,
  });
  const write = async (records: readonly JournalRecord[]) => {
    let last: Promise<void> = Promise.resolve();
    for (const [index, record] of records.entries()) {
      last = new Promise((resolve, reject) => {
        writer.append(encodeRecord(record), (error) => (error === null ? resolve() : reject(error)));
      });
      if (index % 5_000 === 4_999) await last;
    }
    await last;
  };
  return Object.assign(writer, { write });
}

/** A message frame of a device's own login. */
export function message(
  receivedAt: number,
  key: string,
  body: unknown,
  more: Partial<MessageRecord> = {},
): MessageRecord {
  const payload = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    type: 'message',
    receivedAt,
    connection: `c-${key}`,
    login: key,
    will: false,
    topic: `ws/1/${key}/telemetry`,
    payload,
    ...more,
  };
}

export interface RunningState {
  readonly consumer: StateConsumer;
  readonly db: StateDb;
  /** Waits until everything in the journal is committed. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

export function startState(dataDir: string, journal: JournalWriter): RunningState {
  const db = openStateDb(dataDir);
  const registry = openRegistryReader(dataDir);
  const consumer = createStateConsumer({
    journalDir: join(dataDir, 'journal'),
    db,
    registry,
    log: silentLog,
  });
  consumer.start();
  return {
    consumer,
    db,
    caughtUp: () => until(() => consumer.position()?.offset === journal.position.offset),
    async stop() {
      await consumer.stop();
      db.close();
      registry.close();
    },
  };
}

/** Waits for a condition, with a deadline. */
export async function until(condition: () => boolean, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What state.db says, without the numbers that depend on how records were grouped into transactions. */
export function readTables(dataDir: string): Record<string, unknown[]> {
  const db = new DatabaseSync(join(dataDir, 'state.db'), { readOnly: true });
  const all = (sql: string) =>
    db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  const tables = {
    devices: all('SELECT station, device, body, memory FROM device_twin ORDER BY 1, 2'),
    stations: all('SELECT station, body, memory FROM station_twin ORDER BY 1'),
    cells: all('SELECT station, device, hour, body FROM cell ORDER BY 1, 2, 3'),
    withheld: all('SELECT * FROM withheld ORDER BY 1'),
    rejected: all('SELECT id, offset, station, device, topic, reason, message FROM rejected ORDER BY 1'),
    counters: all('SELECT * FROM counter ORDER BY 1'),
    position: all("SELECT generation, offset, receivedAt FROM position WHERE consumer = 'state'"),
  };
  db.close();
  return tables;
}

export function deviceTwin(dataDir: string, station: string, id: string): DeviceTwin {
  const row = (readTables(dataDir)['devices'] as { station: string; device: string; body: string }[]).find(
    (each) => each.station === station && each.device === id,
  );
  return JSON.parse(row?.body ?? 'null') as DeviceTwin;
}

export function stationTwinOf(dataDir: string, station: string): StationTwin {
  const row = (readTables(dataDir)['stations'] as { station: string; body: string }[]).find(
    (each) => each.station === station,
  );
  return JSON.parse(row?.body ?? 'null') as StationTwin;
}
