import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import { readStatuses } from '../shared/src/runtime/status-file.ts';
import { eventually, type Platform, startPlatform } from './platform.ts';

let platform: Platform | undefined;
afterEach(() => platform?.stop());

const secret = 'a-secret-for-the-door-counter';
const district = `
district: { name: 测试区 }
units: [{ id: u1, name: 一街道, type: 街道 }]
stations: [{ id: s1, unit: u1, name: 一号, devices: [{ id: door-1, kind: door-counter, secret: ${secret} }] }]
`;
const count = 300;

/** Turns over eight bytes in the middle of the largest file of the journal. */
function damage(journal: string): void {
  const files = readdirSync(journal, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const sizes = files.map((file) => statSync(file).size);
  const [file, size] = [files[sizes.indexOf(Math.max(...sizes))]!, Math.max(...sizes)];
  const handle = openSync(file, 'r+');
  const bytes = Buffer.alloc(8);
  const middle = Math.floor(size / 2);
  readSync(handle, bytes, 0, 8, middle);
  writeSync(
    handle,
    bytes.map((byte) => byte ^ 0xff),
    0,
    8,
    middle,
  );
  closeSync(handle);
}

it('passes over damage in the journal, counts it, says what to do, and loses nothing else', async () => {
  platform = await startPlatform({ district, env: { MAX_PUBLISHES_PER_SECOND: '100000' } });
  await platform.kill('ingest', 'SIGTERM');
  const client = await connectAsync(`mqtt://127.0.0.1:${platform.mqttPort}`, {
    username: 's1/door-1',
    password: secret,
    clientId: 's1/door-1',
  });
  const at = Date.now();
  for (let seq = 1; seq <= count; seq += 1) {
    const body = { session: 'a', seq, at: at + seq, kind: 'door-counter', data: { in: seq, out: 0 } };
    await client.publishAsync('ws/1/s1/door-1/telemetry', JSON.stringify(body), { qos: 1 });
  }
  damage(join(platform.dataDir, 'journal'));
  await platform.start('ingest');
  const { get, dataDir } = platform;
  await eventually(async () => {
    const { readings } = await get<{ readings: { seq: number }[] }>(
      `/api/v1/stations/s1/devices/door-1/series?from=${at}&to=${at + count + 1}`,
    );
    // Eight bytes lie in one frame, or in two beside each other.
    expect(readings.length).toBeGreaterThanOrEqual(count - 2);
    expect(readings.length).toBeLessThan(count);
    expect(readings.at(-1)?.seq).toBe(count);
  }, 15_000);
  await eventually(() => {
    const status = readStatuses(dataDir).find(({ service }) => service === 'ingest');
    expect(status?.metrics['waystation_ingest_journal_damages']).toBe(1);
    expect(status?.problems).toContainEqual(
      expect.objectContaining({ code: 'journal_damaged', fix: expect.stringContaining('Check the disk') }),
    );
  }, 5_000);
  await client.endAsync(true);
}, 60_000);
