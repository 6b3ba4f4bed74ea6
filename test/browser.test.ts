import { spawnSync } from 'node:child_process';
import { chromium } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import { ensureWebApp } from '../dashboard/src/web-build.ts';
import { chromiumArguments } from './chromium.ts';
import { engineForTest } from './engines.ts';
import { type Platform, startPlatform } from './platform.ts';

const secret = 'a-secret-for-the-door-counter';
const district = `
district: { name: 测试区, zone: Asia/Shanghai }
units: [{ id: u1, name: 一街道, type: 街道 }]
stations: [{ id: s1, unit: u1, name: 一号驿站, devices: [{ id: door-1, kind: door-counter, secret: ${secret} }] }]
`;

let platform: Platform | undefined;
afterEach(() => platform?.stop());

it('changes a number in a real browser when mosquitto_pub publishes with the device’s own login', async () => {
  const [publisher, executablePath] = [engineForTest('mosquitto_pub'), engineForTest('Chromium')];
  if (publisher === undefined || executablePath === undefined) return;
  await ensureWebApp(() => undefined);
  platform = await startPlatform({ district });
  const { url, mqttPort, adminPassword } = platform;
  const publish = (seq: number, entered: number) => {
    const body = JSON.stringify({
      session: 'a',
      seq,
      at: Date.now(),
      kind: 'door-counter',
      data: { in: entered, out: 0 },
    });
    const arguments_ = [
      '-h',
      '127.0.0.1',
      '-p',
      String(mqttPort),
      '-u',
      's1/door-1',
      '-P',
      secret,
      '-i',
      's1/door-1',
      '-q',
      '1',
      '-t',
      'ws/1/s1/door-1/telemetry',
      '-m',
      body,
    ];
    expect(spawnSync(publisher, arguments_, { timeout: 10_000 }).status).toBe(0);
  };
  const browser = await chromium.launch({ executablePath, args: chromiumArguments });
  try {
    const page = await browser.newPage({ viewport: { width: 360, height: 780 } });
    const foreign: string[] = [];
    page.on(
      'request',
      (request) => new URL(request.url()).host !== new URL(url).host && foreign.push(request.url()),
    );
    await page.goto(`${url}/stations/s1`);
    await page.getByTestId('login-user').fill('admin');
    await page.getByTestId('login-password').fill(adminPassword);
    await page.getByTestId('login-submit').click();
    await page.getByTestId('station-s1').click();
    publish(1, 3);
    await page.getByTestId('entries-today').filter({ hasText: '3' }).waitFor();
    publish(2, 7);
    await page.getByTestId('entries-today').filter({ hasText: '7' }).waitFor();
    expect(await page.getByTestId('people').textContent()).toContain('7');
    expect(foreign).toEqual([]);
  } finally {
    await browser.close();
  }
}, 90_000);
