import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { eventually, freePorts, root, runProgram } from './platform.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function settings(extra: NodeJS.ProcessEnv = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'waystation-start-'));
  folders.push(dataDir);
  const [http, mqtt, ws] = await freePorts(3);
  const ports = { HTTP_PORT: String(http), MQTT_PORT: String(mqtt), MQTT_WS_PORT: String(ws) };
  return { ...process.env, DATA_DIR: dataDir, ADMIN_PASSWORD: 'start-test-password', ...ports, ...extra };
}

/** Process ids whose environment carries this DATA_DIR: what a start has left behind. */
function survivors(dataDir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`DATA_DIR=${dataDir}`);
      } catch {
        return false;
      }
    });
}

/** `npm start` as a person types it, with its output. */
function npmStart(env: NodeJS.ProcessEnv) {
  const child = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, ended, output: () => output };
}

it('names a wrong setting and its fix in one line, with exit code 2, and opens nothing', async () => {
  const env = await settings({ HTTP_PORT: '30x0' });
  const result = runProgram('start.ts', [], env);
  expect(result.status).toBe(2);
  expect(result.stderr.trim().split('\n')).toHaveLength(1);
  expect(result.stderr).toContain('HTTP_PORT must be a port number');
  expect(readdirSync(env.DATA_DIR)).toEqual([]);
});

it('names a busy port and its variable in one line, with exit code 2, and opens nothing', async () => {
  const env = await settings();
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(Number(env.MQTT_PORT), '127.0.0.1', resolve));
  try {
    const result = runProgram('start.ts', [], env);
    expect(result.status).toBe(2);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result.stderr).toContain(`Port ${env.MQTT_PORT} (MQTT_PORT)`);
    expect(readdirSync(env.DATA_DIR)).toEqual([]);
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
});

it('runs the demo, leaves it when stations are imported, and after SIGTERM to npm nothing survives', async () => {
  const env = await settings();
  const url = `http://127.0.0.1:${env.HTTP_PORT}`;
  const run = npmStart(env);
  try {
    await eventually(() => expect(run.output()).toContain('ready: open'), 60_000);
    const health = async () =>
      (await (await fetch(`${url}/api/health`)).json()) as { status: string; demo: boolean };
    await eventually(async () => expect(await health()).toMatchObject({ status: 'ok', demo: true }), 15_000);

    const file = join(env.DATA_DIR, 'mine.yaml');
    writeFileSync(file, ownDistrict);
    expect(runProgram('dashboard/src/admin/main.ts', ['import', file], env).status).toBe(0);
    await eventually(async () => expect(await health()).toMatchObject({ status: 'ok', demo: false }), 20_000);
  } finally {
    run.child.kill('SIGTERM');
  }
  const stoppedAt = Date.now();
  await run.ended;
  expect(Date.now() - stoppedAt).toBeLessThan(10_000);
  await eventually(() => expect(survivors(env.DATA_DIR)).toEqual([]), 2_000);
}, 120_000);

const ownDistrict = `
district: { name: 测试区, zone: Asia/Shanghai }
units:
  - { id: u1, name: 一街道, type: 街道 }
stations:
  - id: s1
    unit: u1
    name: 一号驿站
    devices:
      - { id: door-1, kind: door-counter }
`;
