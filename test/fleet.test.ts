/** The simulated district on real processes: live, killed, its past, recorded and played again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readLedger } from '../device-sim/src/load/ledger.ts';
import { verifyLedger } from '../device-sim/src/verify/verify-ledger.ts';
import { ensureDemoDistrict } from '../shared/src/registry/demo-district.ts';
import { eventually, type Platform, root, runProgram, startPlatform } from './platform.ts';

const folder = mkdtempSync(join(tmpdir(), 'waystation-fleet-'));
let platform: Platform;
let fleet: ChildProcess | undefined;

beforeAll(async () => {
  const { demoDataDir } = await ensureDemoDistrict(folder);
  platform = await startPlatform({ dataDir: demoDataDir });
}, 30_000);
afterAll(async () => {
  fleet?.kill('SIGKILL');
  await platform.stop();
  rmSync(folder, { recursive: true, force: true });
});

const simulatorFile = (start: string) => {
  const sim = join(platform.dataDir, 'sim');
  return join(
    sim,
    readdirSync(sim)
      .sort()
      .findLast((name) => name.startsWith(start)) ?? start,
  );
};
const verify = () =>
  verifyLedger({
    url: platform.url,
    user: 'admin',
    password: platform.adminPassword,
    ledger: readLedger(simulatorFile('acknowledged-')),
    withinMs: 30_000,
  });

it('runs the fleet through a kill of the broker, and its own ledger finds nothing lost and nothing twice', async () => {
  fleet = spawn(process.execPath, [join(root, 'device-sim/src/main.ts'), 'fleet'], {
    env: platform.env,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const acknowledged = () => readLedger(simulatorFile('acknowledged-')).length;
  await eventually(() => expect(acknowledged()).toBeGreaterThan(100), 20_000);
  await platform.kill('broker', 'SIGKILL');
  await platform.start('broker');
  const before = readFileSync(simulatorFile('acknowledged-'), 'utf8').length;
  await eventually(
    () => expect(readFileSync(simulatorFile('acknowledged-'), 'utf8').length).toBeGreaterThan(before + 400),
    40_000,
  );
  const ended = new Promise((resolve) => fleet?.once('exit', resolve));
  fleet.kill('SIGTERM');
  await ended;
  const outcome = await verify();
  expect(outcome).toMatchObject({ missing: 0, twice: 0, wrongTotals: [], ok: true });
  expect(outcome.acknowledged).toBeGreaterThan(100);
}, 120_000);

it('knows the truth: people who came in by the truth are people whom a good counter counted', () => {
  const station = 'kg-xiangyun';
  const truth = readFileSync(simulatorFile('truth-'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { station: string; at: number; event: string });
  const door = readLedger(simulatorFile('acknowledged-')).find(
    ({ device }) => device === `${station}/door-1`,
  );
  const entered = truth.filter(
    ({ station: of, event, at }) => of === station && event === 'enter' && at <= (door?.lastAt ?? 0),
  );
  expect(door?.in).toBe(entered.length);
});

it('gives the district its past with "history", as the devices counted it', async () => {
  const result = runProgram('device-sim/src/main.ts', ['history', '--days', '1'], platform.env, 120_000);
  expect(result.stderr).toBe('');
  expect(result.stdout).toContain('history: day 1 of 1 is in');
  await eventually(async () => {
    const { rows } = await platform.get<{ rows: { group: string; sum: number }[] }>(
      `/api/v1/trends?metric=entries&level=day&group=station&from=${Date.now() - 3 * 86_400_000}&to=${Date.now()}`,
    );
    const busiest = rows.filter(({ group }) => group === 'kg-xiangyun').map(({ sum }) => sum);
    expect(Math.max(...busiest)).toBeGreaterThan(100);
  }, 60_000);
  expect(await verify()).toMatchObject({ missing: 0, twice: 0, wrongTotals: [] });
}, 200_000);

it('records what came and plays it again on another installation, where the same readings arrive', async () => {
  const file = join(folder, 'recording.jsonl');
  const recorded = runProgram('device-sim/src/main.ts', ['record', file], platform.env);
  expect(recorded.stdout).toMatch(/recorded \d{3,} messages/);
  const other = join(folder, 'other');
  mkdirSync(join(other, 'demo'), { recursive: true });
  for (const name of ['registry.db', 'sim-secrets.json'])
    cpSync(join(platform.dataDir, name), join(other, 'demo', name));
  const second = await startPlatform({
    dataDir: join(other, 'demo'),
    env: { MAX_PUBLISHES_PER_SECOND: '100000' },
  });
  try {
    const played = runProgram(
      'device-sim/src/main.ts',
      ['replay', file, '--speed', '1000000'],
      second.env,
      120_000,
    );
    expect(played.stderr).toBe('');
    const day = `from=${Date.now() - 2 * 86_400_000}&to=${Date.now() + 86_400_000}&limit=10000`;
    const path = `/api/v1/stations/kg-xiangyun/devices/door-1/series?${day}`;
    const here = await platform.get<{ readings: unknown[] }>(path);
    expect(here.readings.length).toBeGreaterThan(1_000);
    await eventually(async () => expect(await second.get(path)).toEqual(here), 30_000);
  } finally {
    await second.stop();
  }
}, 200_000);
