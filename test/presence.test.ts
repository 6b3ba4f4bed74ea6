import { connectAsync } from 'mqtt';
import { afterEach, expect, it } from 'vitest';
import { eventually, type Platform, startPlatform } from './platform.ts';

let platform: Platform | undefined;
afterEach(() => platform?.stop());

const secret = 'a-secret-for-the-door-counter';
const devices = ['door-1', 'door-2'];
const district = `
district: { name: 测试区 }
units: [{ id: u1, name: 一街道, type: 街道 }]
stations: [{ id: s1, unit: u1, name: 一号, devices: [${devices.map((id) => `{ id: ${id}, kind: door-counter, secret: ${secret} }`).join(', ')}] }]
`;

it('shows after a SIGKILL of the broker who came back and who did not, and a take-over stays online', async () => {
  platform = await startPlatform({ district });
  const { mqttPort, get, kill, start } = platform;
  const join = async (id: string) => {
    const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
      username: `s1/${id}`,
      password: secret,
      clientId: `s1/${id}`,
      reconnectPeriod: 0,
      will: {
        topic: `ws/1/s1/${id}/status`,
        payload: Buffer.from('{"session":"a","online":false}'),
        qos: 1,
        retain: true,
      },
    });
    client.on('error', () => undefined);
    const body = {
      session: 'a',
      seq: Date.now(),
      at: Date.now(),
      kind: 'door-counter',
      data: { in: 1, out: 0 },
    };
    await client.publishAsync(`ws/1/s1/${id}/telemetry`, JSON.stringify(body), { qos: 1 });
    return client;
  };
  const online = async () => {
    const answer = await get<{ devices: { id: string; twin: { online: boolean } | null }[] }>(
      '/api/v1/stations/s1',
    );
    return Object.fromEntries(answer.devices.map(({ id, twin }) => [id, twin?.online]));
  };
  const shows = (wanted: Record<string, boolean>) =>
    eventually(async () => expect(await online()).toEqual(wanted), 10_000);

  for (const id of devices) await join(id);
  await shows({ 'door-1': true, 'door-2': true });
  await kill('broker', 'SIGKILL');
  await start('broker');
  await join('door-1');
  await shows({ 'door-1': true, 'door-2': false });

  // Takes over from the connection above, whose will is published after it.
  const latest = await join('door-1');
  await new Promise((resolve) => setTimeout(resolve, 500));
  await shows({ 'door-1': true, 'door-2': false });
  await latest.endAsync();
  await shows({ 'door-1': false, 'door-2': false });
}, 60_000);
