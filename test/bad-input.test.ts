import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, freePorts, type Platform, runProgram, startPlatform } from './platform.ts';

const folders: string[] = [];
let platform: Platform | undefined;
afterEach(async () => {
  await platform?.stop();
  platform = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function settings() {
  const dataDir = mkdtempSync(join(tmpdir(), 'waystation-bad-'));
  folders.push(dataDir);
  const [http, mqtt, ws] = (await freePorts(3)).map(String);
  return { ...process.env, DATA_DIR: dataDir, HTTP_PORT: http!, MQTT_PORT: mqtt!, MQTT_WS_PORT: ws! };
}

function expectOneLine(result: { status: number | null; stderr: string }, message: string | RegExp): void {
  expect(result.status).toBe(2);
  expect(result.stderr.trim().split('\n')).toHaveLength(1);
  expect(result.stderr).toMatch(message);
}

describe('at start one line, exit code 2, and nothing opened:', () => {
  it.each([
    ['MQTT_PORT', '99999', /MQTT_PORT must be a port/],
    ['DEMO', 'yes', /DEMO must be auto or off/],
    ['ADMIN_PASSWORD', 'short', /ADMIN_PASSWORD must have/],
    ['MAX_PACKET_BYTES', '1', /MAX_PACKET_BYTES must be a whole number/],
    ['MQTTS_PORT', '8883', /MQTTS_PORT needs TLS_CERT/],
  ])('%s=%s', async (name, value, message) => {
    const env = await settings();
    expectOneLine(runProgram('start.ts', [], { ...env, [name]: value }), message);
    expect(readdirSync(env.DATA_DIR)).toEqual([]);
  });

  it.each(['HTTP_PORT', 'MQTT_PORT', 'MQTT_WS_PORT'] as const)('a busy %s', async (name) => {
    const env = await settings();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(Number(env[name]), '127.0.0.1', resolve));
    try {
      expectOneLine(runProgram('start.ts', [], env), `Port ${env[name]} (${name})`);
      expect(readdirSync(env.DATA_DIR)).toEqual([]);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it.each([
    ['no YAML', 'district: { name: x', /mine\.yaml.*line 1/],
    ['a wrong field', 'district: { name: x }\nunits: 5\n', /mine\.yaml.*line 2: units/],
  ])('a district file with %s', async (_name, text, message) => {
    const env = await settings();
    const file = join(env.DATA_DIR, 'mine.yaml');
    writeFileSync(file, text);
    expectOneLine(runProgram('dashboard/src/admin/main.ts', ['import', file], env), message);
    expect(readdirSync(env.DATA_DIR)).toEqual(['mine.yaml']);
  });
});

const secret = 'a-secret-for-the-door-counter';
const district = `
district: { name: 测试区 }
units: [{ id: u1, name: 一街道, type: 街道 }]
stations: [{ id: s1, unit: u1, name: 一号, devices: [{ id: door-1, kind: door-counter, secret: ${secret} }] }]
`;

it('runs on after a wrong secret, a foreign topic, 10 MB and a string where a number belongs', async () => {
  platform = await startPlatform({ district });
  const { mqttPort, get } = platform;
  const device = (password = secret) =>
    connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
      username: 's1/door-1',
      password,
      clientId: 's1/door-1',
      reconnectPeriod: 0,
    });
  await expect(device('wrong')).rejects.toThrow(/Not authorized|Bad username/);
  for (const [topic, payload] of [
    ['ws/1/s2/door-1/telemetry', 'x'],
    ['ws/1/s1/door-1/telemetry', Buffer.alloc(10_000_000)],
  ] as const) {
    const client = await device();
    client.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish(topic, payload, { qos: 1 });
    await closed;
    client.end(true);
  }
  const client = await device();
  const at = Date.now();
  for (const [seq, entered] of ['four', 4].entries()) {
    const body = { session: 'a', seq, at: at + seq, kind: 'door-counter', data: { in: entered, out: 0 } };
    await client.publishAsync('ws/1/s1/door-1/telemetry', JSON.stringify(body), { qos: 1 });
  }
  await eventually(async () => {
    const path = '/api/v1/stations/s1/devices/door-1';
    const { rejected } = await get<{ rejected: { message: string }[] }>(`${path}/rejected`);
    expect(rejected).toHaveLength(1);
    expect(rejected[0]?.message).toContain('in');
    const { readings } = await get<{ readings: unknown[] }>(`${path}/series?from=${at}&to=${at + 10}`);
    expect(readings).toHaveLength(1);
  }, 10_000);
  await client.endAsync(true);
}, 60_000);
