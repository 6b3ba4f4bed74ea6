import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRecord, type JournalRecord } from '@waystation/shared/contracts/journal-record';
import {
  deviceSchema,
  districtSchema,
  type EntityChange,
  stationSchema,
  unitSchema,
} from '@waystation/shared/contracts/registry-documents';
import { openJournalReader } from '@waystation/shared/journal/reader';
import type { JournalFiles } from '@waystation/shared/journal/writer';
import { newLogin } from '@waystation/shared/registry/device-logins';
import { openRegistry, type Registry } from '@waystation/shared/registry/registry';
import { type Config, loadConfig } from '@waystation/shared/runtime/config';
import { createLifecycle } from '@waystation/shared/runtime/lifecycle';
import { silentLog } from '@waystation/shared/runtime/log';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { type Broker, createBroker } from '../src/broker.ts';

export const secrets: Record<string, string> = {
  's1/door-1': 'secret-of-door-1',
  's1/water-1': 'secret-of-water-1',
  's2/door-1': 'secret-of-s2-door-1',
  s1: 'secret-of-gateway-1',
  's1:replay': 'secret-of-replay-1',
};

/** A registry with two stations, three devices, a gateway and a replay login. */
export async function seedRegistry(dataDir: string): Promise<Registry> {
  const registry = await openRegistry(dataDir);
  const device = (station: string, id: string, kind: string): EntityChange => ({
    kind: 'device',
    id: `${station}/${id}`,
    body: deviceSchema.parse({ station, id, kind }),
  });
  const changes: EntityChange[] = [
    { kind: 'district', id: 'district', body: districtSchema.parse({ name: '测试区' }) },
    { kind: 'unit', id: 'u1', body: unitSchema.parse({ id: 'u1', name: '一街道', type: '街道' }) },
    { kind: 'station', id: 's1', body: stationSchema.parse({ id: 's1', unit: 'u1', name: '一号驿站' }) },
    { kind: 'station', id: 's2', body: stationSchema.parse({ id: 's2', unit: 'u1', name: '二号驿站' }) },
    device('s1', 'door-1', 'door-counter'),
    device('s1', 'water-1', 'water-dispenser'),
    device('s2', 'door-1', 'door-counter'),
    ...Object.entries(secrets).map(
      ([name, secret]): EntityChange => ({ kind: 'login', id: name, body: newLogin(name, secret).login }),
    ),
  ];
  await registry.apply(changes, { who: 'test', what: 'seed' });
  return registry;
}

export interface Testbed {
  readonly dataDir: string;
  readonly broker: Broker;
  readonly registry: Registry;
  readonly config: Config;
  client(login: string, options?: IClientOptions): Promise<MqttClient>;
  records(): Promise<JournalRecord[]>;
  stop(): Promise<void>;
}

/** A real broker in this process on free ports, with a registry and a folder of its own. */
export async function startTestbed(
  env: NodeJS.ProcessEnv = {},
  journalFiles?: JournalFiles,
): Promise<Testbed> {
  const dataDir = mkdtempSync(join(tmpdir(), 'waystation-broker-'));
  const registry = await seedRegistry(dataDir);
  const config = loadConfig({ DATA_DIR: dataDir, MQTT_PORT: '0', MQTT_WS_PORT: '0', ...env });
  const broker = createBroker({
    config,
    log: silentLog,
    ...(journalFiles === undefined ? {} : { journalFiles }),
  });
  const lifecycle = createLifecycle(broker.steps, silentLog, 5_000);
  await lifecycle.start();
  const clients: MqttClient[] = [];
  return {
    dataDir,
    broker,
    registry,
    config,
    async client(login, options = {}) {
      const client = connect(`mqtt://127.0.0.1:${broker.ports().mqtt}`, {
        username: login,
        password: secrets[login] ?? 'no such secret',
        clientId: login,
        reconnectPeriod: 0,
        ...options,
      });
      clients.push(client);
      client.on('error', () => undefined);
      await new Promise<void>((resolve, reject) => {
        client.once('connect', () => resolve());
        client.once('error', reject);
        client.once('close', () => reject(new Error('closed before it was connected')));
      });
      return client;
    },
    records: () => readJournal(dataDir),
    async stop() {
      for (const client of clients) client.end(true);
      await lifecycle.stop();
      registry.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Everything in the journal up to its durable mark. */
export async function readJournal(dataDir: string): Promise<JournalRecord[]> {
  const reader = await openJournalReader({ dir: join(dataDir, 'journal'), position: 'oldest' });
  const records: JournalRecord[] = [];
  try {
    for (let batch = await reader.next(); batch !== null; batch = await reader.next()) {
      for (const { payload } of batch.records) records.push(decodeRecord(Buffer.from(payload))!);
    }
  } finally {
    await reader.close();
  }
  return records;
}
