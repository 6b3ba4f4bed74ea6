import { spawnSync } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { engineForTest } from './engines.ts';
import { eventually, type Platform, startPlatform } from './platform.ts';

let platform: Platform | undefined;
afterEach(() => platform?.stop());

const secret = 'a-secret-for-the-door-counter';
const district = `
district: { name: 测试区, zone: Asia/Shanghai }
units: [{ id: u1, name: 一街道, type: 街道 }]
stations:
  - id: s1
    unit: u1
    name: 一号驿站
    devices: [{ id: door-1, kind: door-counter, secret: ${secret} }]
`;

interface StationAnswer {
  station: { figures: { entriesToday: { value: number; state: string } } | null };
  devices: { twin: { online: boolean; totals: Record<string, number>; faults: string[] } | null }[];
}

it('goes from mosquitto_pub with the device’s own login to the API, the store and the rollups', async () => {
  const publisher = engineForTest('mosquitto_pub');
  if (publisher === undefined) return;
  platform = await startPlatform({ district });
  const { mqttPort, get } = platform;
  const publish = (body: unknown, password = secret) => {
    const arguments_ = [
      '-h',
      '127.0.0.1',
      '-p',
      String(mqttPort),
      '-u',
      's1/door-1',
      '-P',
      password,
      '-i',
      's1/door-1',
      '-q',
      '1',
      '-t',
      'ws/1/s1/door-1/telemetry',
      '-m',
      JSON.stringify(body),
    ];
    return spawnSync(publisher, arguments_, { encoding: 'utf8', timeout: 10_000 });
  };
  const now = Date.now();
  const reading = (seq: number, data: unknown) => ({
    session: 'a',
    seq,
    at: now + seq,
    kind: 'door-counter',
    data,
  });

  expect(publish(reading(1, { in: 3, out: 1 }), 'wrong').status).not.toBe(0);
  expect(publish(reading(1, { in: 3, out: 1 })).status).toBe(0);
  expect(publish(reading(1, { in: 3, out: 1 })).status).toBe(0);
  expect(publish(reading(2, { in: 'four', out: 1 })).status).toBe(0);
  expect(publish(reading(3, { in: 5, out: 1 })).status).toBe(0);

  await eventually(async () => {
    const answer = await get<StationAnswer>('/api/v1/stations/s1');
    expect(answer.devices[0]?.twin?.totals).toEqual({ in: 5, out: 1 });
    expect(answer.station.figures?.entriesToday).toMatchObject({ value: 5, state: 'ok' });
  }, 10_000);
  const series = `/api/v1/stations/s1/devices/door-1/series?from=${now - 1_000}&to=${now + 1_000}`;
  await eventually(async () => {
    const { readings } = await get<{ readings: { seq: number }[] }>(series);
    expect(readings.map(({ seq }) => seq)).toEqual([1, 3]);
  }, 10_000);
  const { rejected } = await get<{ rejected: { message: string }[] }>(
    '/api/v1/stations/s1/devices/door-1/rejected',
  );
  expect(rejected.map(({ message }) => message)).toEqual([expect.stringContaining('in')]);
  await eventually(async () => {
    const { rows } = await get<{ rows: { sum: number }[] }>(
      `/api/v1/trends?metric=entries&level=day&group=unit&from=${now - 86_400_000}&to=${now + 86_400_000}`,
    );
    expect(rows.map(({ sum }) => sum)).toEqual([5]);
  }, 10_000);
  expect(await get<{ status: string }>('/api/health')).toMatchObject({ status: 'ok', demo: false });
}, 60_000);
