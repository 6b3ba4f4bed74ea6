import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { chromium, type Page } from 'playwright-core';
import { io, type Socket } from 'socket.io-client';
import { ensureWebApp } from '../../dashboard/src/web-build.ts';
import { LatencyHistogram } from '../../device-sim/src/load/latency-histogram.ts';
import { chromiumArguments } from '../../test/chromium.ts';
import { engines, findEngine } from '../../test/engines.ts';
import { type Platform, startPlatform } from '../../test/platform.ts';
import { load, seconds } from '../load.ts';
import { cpuMs } from '../process-usage.ts';
import { type Figure, latencyFigures } from '../report.ts';
import { benchDistrict, benchEnvironment } from '../world.ts';

const clients = 99;
const probeEveryMs = 250;
const probeSecret = 'bench-secret-of-the-probe';
const district = `${benchDistrict}  - { id: probe, unit: u1, name: probe, devices: [{ id: door-1, kind: door-counter, secret: ${probeSecret} }] }\n`;

/** Publish to the changed number on the page of a real browser, at 2,000 messages/s with 99 more live dashboards open. */
export async function browser(): Promise<Figure> {
  const name = 'device to number in a browser, 2,000/s, 100 dashboards';
  const bar = 'p99 < 300 ms';
  const executablePath = findEngine(engines[2]);
  if (executablePath === undefined)
    return { name, measured: 'chromium is not installed', bar, met: null, details: {} };
  await ensureWebApp(() => undefined);
  const platform = await startPlatform({ district, env: benchEnvironment });
  const sockets = await openDashboards(platform);
  const chrome = await chromium.launch({ executablePath, args: chromiumArguments });
  try {
    const page = await openProbePage(await chrome.newPage(), platform);
    const cpuBefore = cpuMs(platform.pid('dashboard')!);
    const forSeconds = Math.max(seconds, 30);
    const [sent] = await Promise.all([
      publishProbe(platform, forSeconds),
      load(platform.mqttPort, 2_000, forSeconds + 2),
    ]);
    const dashboardCpuMs = cpuMs(platform.pid('dashboard')!) - cpuBefore;
    const seen = (await page.evaluate('seen')) as [number, number][];
    const latency = new LatencyHistogram();
    let missed = 0;
    for (const [value, sentAt] of sent) {
      // A number that a newer one overtook before it was drawn was answered by that newer one.
      const shown = seen.filter(([each]) => each >= value).map(([, at]) => at);
      if (shown.length === 0) missed += 1;
      else latency.add(Math.min(...shown) - sentAt);
    }
    const details = { ...latencyFigures(latency), probes: sent.length, missed, dashboardCpuMs, clients };
    return {
      name,
      measured: `p50 ${details.p50Ms.toFixed(0)} ms, p99 ${details.p99Ms.toFixed(0)} ms`,
      bar,
      met: missed === 0 && details.p99Ms < 300,
      details,
    };
  } finally {
    await chrome.close();
    for (const socket of sockets) socket.disconnect();
    await platform.stop();
  }
}

/** 99 live clients: half watch the list of stations, half one station each; they draw at once. */
async function openDashboards({ url, adminPassword }: Platform): Promise<Socket[]> {
  const answer = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: adminPassword }),
  });
  const { token } = (await answer.json()) as { token: string };
  return Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true });
      socket.on('changes', ({ revision }: { revision: number }) => socket.emit('drawn', revision));
      const request =
        index % 2 === 0 ? { scope: 'district' } : { scope: 'station', station: `s${index % 10}` };
      await new Promise<void>((resolve, reject) => {
        socket.once('connect_error', reject);
        socket.emit('subscribe', request, 0, () => resolve());
      });
      return socket;
    }),
  );
}

/** Runs in the page: `seen` gets [entries, epoch ms when drawn] for each new number. */
const watchEntries = `
  globalThis.seen = [];
  const read = () => {
    const text = document.querySelector('[data-testid="entries-today"] b')?.textContent ?? '—';
    const value = Number(text.replaceAll(',', ''));
    if (!Number.isNaN(value) && value !== seen.at(-1)?.[0]) requestAnimationFrame(() => seen.push([value, Date.now()]));
  };
  new MutationObserver(read).observe(document.body, { subtree: true, childList: true, characterData: true });
`;

/** The probe's station page, which notes each new number with the time when it was drawn. */
async function openProbePage(page: Page, { url, adminPassword }: Platform): Promise<Page> {
  await page.goto(url);
  await page.getByTestId('login-user').fill('admin');
  await page.getByTestId('login-password').fill(adminPassword);
  await page.getByTestId('login-submit').click();
  await page.getByTestId('station-probe').click();
  await page.getByTestId('entries-today').waitFor();
  await page.evaluate(watchEntries);
  return page;
}

/** Publishes one more entry every 250 ms; answers [entries, epoch ms when sent]. */
async function publishProbe({ mqttPort }: Platform, forSeconds: number): Promise<[number, number][]> {
  const login = 'probe/door-1';
  const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    username: login,
    password: probeSecret,
    clientId: login,
  });
  const sent: [number, number][] = [];
  for (let entries = 1; entries <= (forSeconds * 1_000) / probeEveryMs; entries += 1) {
    const at = Date.now();
    sent.push([entries, at]);
    const reading = { session: 'p', seq: entries, at, kind: 'door-counter', data: { in: entries, out: 0 } };
    await client.publishAsync('ws/1/probe/door-1/telemetry', JSON.stringify(reading), { qos: 1 });
    await sleep(probeEveryMs);
  }
  await sleep(1_000);
  await client.endAsync();
  return sent;
}
