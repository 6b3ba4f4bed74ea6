import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { ClientEvents, LiveBatch, ServerEvents } from '@waystation/shared/contracts/live';
import { stateMigrations } from '@waystation/shared/contracts/state-schema';
import { importDistrict } from '@waystation/shared/registry/district-import';
import { parseDistrictFile } from '@waystation/shared/registry/district-parse';
import { openRegistry } from '@waystation/shared/registry/registry';
import { loadConfig } from '@waystation/shared/runtime/config';
import { createLifecycle, type Lifecycle } from '@waystation/shared/runtime/lifecycle';
import { silentLog } from '@waystation/shared/runtime/log';
import { openDatabase } from '@waystation/shared/runtime/sqlite';
import { openSqliteStore } from '@waystation/shared/telemetry-store/sqlite/sqlite-store';
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDashboard, type Dashboard } from '../src/dashboard.ts';

const password = 'a-test-password';
const district = `
district: { name: x }
units: [{ id: u1, name: 一街道, type: 街道 }]
stations:
  - { id: s1, unit: u1, name: 一号, devices: [{ id: door-1, kind: door-counter }] }
  - { id: s2, unit: u1, name: 二号 }
`;
const soon = { timeout: 5_000, interval: 20 };

let dataDir: string;
let dashboard: Dashboard;
let life: Lifecycle;
const sockets: { disconnect(): void }[] = [];
const databases: DatabaseSync[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'waystation-dashboard-'));
  const registry = await openRegistry(dataDir);
  await importDistrict(registry, parseDistrictFile(district, 'x'), { who: 'test', what: 'seed' });
  registry.close();
  const config = loadConfig({ DATA_DIR: dataDir, HTTP_PORT: '0', ADMIN_PASSWORD: password });
  dashboard = createDashboard({
    config,
    log: silentLog,
    showPassword: () => undefined,
    webFolder: join(dataDir, 'no-web'),
  });
  life = createLifecycle(dashboard.steps, silentLog);
  await life.start();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect();
  for (const db of databases.splice(0)) if (db.isOpen) db.close();
  await Promise.all([life.stop(), life.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
});

const url = () => `http://127.0.0.1:${dashboard.port()}`;

function login(given = password, headers: Record<string, string> = {}) {
  const body = JSON.stringify({ username: 'admin', password: given });
  return fetch(`${url()}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

async function token(): Promise<string> {
  return ((await (await login()).json()) as { token: string }).token;
}

/** A state.db as ingest writes it, at one revision. */
function writeState(file = join(dataDir, 'state.db')) {
  const db = openDatabase(file, stateMigrations);
  databases.push(db);
  const figure = (value: number) => ({ value, state: 'ok', at: 1 });
  return {
    db,
    set(revision: number, people: number) {
      const twin = {
        station: 's1',
        occupancy: { ...figure(people), lastCertainAt: null },
        entriesToday: figure(people),
        waterMl: figure(0),
        devices: {},
      };
      db.prepare('INSERT OR REPLACE INTO station_twin VALUES (?, ?, ?, ?)').run(
        's1',
        revision,
        JSON.stringify(twin),
        '{}',
      );
      db.prepare("INSERT OR REPLACE INTO position VALUES ('state', 'g', 0, 0, ?)").run(revision);
    },
  };
}

async function follow(
  fromRevision = 0,
): Promise<{ batches: LiveBatch[]; socket: Socket<ServerEvents, ClientEvents> }> {
  const socket: Socket<ServerEvents, ClientEvents> = io(url(), {
    auth: { token: await token() },
    transports: ['websocket'],
    reconnection: false,
  });
  sockets.push(socket);
  const batches: LiveBatch[] = [];
  socket.on('changes', (batch) => void batches.push(batch));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  socket.emit('subscribe', { scope: 'district' }, fromRevision, () => undefined);
  return { batches, socket };
}

const people = (batch: LiveBatch | undefined) => batch?.stations[0]?.occupancy.value;

it('lets in by cookie and by Bearer token, and ends a session at logout', async () => {
  const answer = await login();
  const cookie = answer.headers.get('set-cookie')!;
  expect(cookie).toMatch(/HttpOnly; SameSite=Lax/);
  const session = { cookie: cookie.split(';')[0]! };
  expect((await fetch(`${url()}/api/v1/session`, { headers: session })).status).toBe(200);
  const bearer = { authorization: `Bearer ${await token()}` };
  expect((await fetch(`${url()}/api/v1/stations`, { headers: bearer })).status).toBe(200);
  expect(
    (
      await fetch(`${url()}/api/v1/logout`, {
        method: 'POST',
        headers: { ...session, origin: 'http://evil.example' },
      })
    ).status,
  ).toBe(403);
  expect((await fetch(`${url()}/api/v1/logout`, { method: 'POST', headers: session })).status).toBe(200);
  expect((await fetch(`${url()}/api/v1/session`, { headers: session })).status).toBe(401);
});

it('stops looking at passwords after repeated wrong ones', async () => {
  for (let attempt = 0; attempt < 6; attempt += 1) expect((await login('wrong')).status).toBe(401);
  expect((await login()).status).toBe(429);
});

it('answers 401 in one shape on every route that needs a login', async () => {
  const closed = dashboard.routes().filter(({ access }) => access === 'user');
  expect(closed.length).toBeGreaterThan(8);
  for (const { method, path } of closed) {
    const answer = await fetch(`${url()}${path.replace(':id', 's1').replace(':device', 'door-1')}`, {
      method,
    });
    expect([path, answer.status, await answer.json()]).toEqual([
      path,
      401,
      { error: { code: 'unauthorized', message: expect.any(String) } },
    ]);
  }
});

it('describes every route in the OpenAPI document', async () => {
  const document = (await (await fetch(`${url()}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  for (const { method, path } of dashboard.routes()) {
    expect(document.paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]).toBeDefined();
  }
});

it.each([
  ['/api/v1/stations/nowhere', 404, 'not_found'],
  ['/api/v1/nothing', 404, 'not_found'],
  ['/api/v1/trends?from=soon&to=1', 400, 'invalid'],
  ['/api/v1/stations/s1/devices/door-1/series?from=5&to=1', 400, 'invalid'],
  ['/api/v1/stations/s1/occupancy?hours=900', 400, 'invalid'],
])('answers %s with %d %s, naming what is wrong', async (path, status, code) => {
  const answer = await fetch(`${url()}${path}`, { headers: { authorization: `Bearer ${await token()}` } });
  expect([answer.status, await answer.json()]).toEqual([
    status,
    { error: { code, message: expect.stringMatching(/\w{4}/) } },
  ]);
});

it('answers no data, not zero, for a day that has coverage but no reading', async () => {
  const store = openSqliteStore(dataDir);
  const cell = {
    level: 'day',
    metric: 'entries',
    station: 's1',
    device: 'door-1',
    min: null,
    max: null,
  } as const;
  const more = { last: null, coveredMinutes: 5, totalMinutes: 1_440, flagged: false };
  await store.writeCells([
    { ...cell, ...more, start: 0, sum: 0, count: 0 },
    { ...cell, ...more, start: 86_400_000, sum: 0, count: 3 },
  ]);
  await store.close();
  const answer = await fetch(`${url()}/api/v1/trends?from=0&to=200000000`, {
    headers: { authorization: `Bearer ${await token()}` },
  });
  const { rows } = (await answer.json()) as { rows: { sum: number | null }[] };
  expect(rows.map(({ sum }) => sum)).toEqual([null, 0]);
});

it('says in health which services are silent and what to do', async () => {
  const answer = await fetch(`${url()}/api/health`);
  expect(answer.status).toBe(503);
  const { status, services } = (await answer.json()) as {
    status: string;
    services: { service: string; state: string; problems: { fix: string }[] }[];
  };
  const broker = services.find(({ service }) => service === 'broker');
  expect([status, broker?.state, broker?.problems[0]?.fix]).toEqual([
    'failed',
    'silent',
    expect.stringContaining('Start it again'),
  ]);
});

it('sends a snapshot when state.db appears, then changes, then a snapshot when it is replaced', async () => {
  const { batches, socket } = await follow();
  const state = writeState();
  state.set(1, 4);
  await vi.waitFor(() => expect(people(batches.at(-1))).toBe(4), soon);
  expect(batches[0]?.snapshot).toBe(true);
  socket.emit('drawn', 1);
  state.set(2, 5);
  await vi.waitFor(() => expect(batches.at(-1)).toMatchObject({ snapshot: false, revision: 2 }), soon);
  socket.emit('drawn', 2);
  const other = writeState(join(dataDir, 'other.db'));
  other.set(1, 9);
  other.db.close();
  for (const ending of ['', '-wal', '-shm']) rmSync(join(dataDir, `state.db${ending}`), { force: true });
  renameSync(join(dataDir, 'other.db'), join(dataDir, 'state.db'));
  await vi.waitFor(() => expect([batches.at(-1)?.snapshot, people(batches.at(-1))]).toEqual([true, 9]), soon);
});

it('sends only the newest value to a client that is slow to draw', async () => {
  const state = writeState();
  state.set(1, 1);
  const { batches, socket } = await follow();
  await vi.waitFor(() => expect(batches).toHaveLength(1), soon);
  for (let revision = 2; revision <= 6; revision += 1) {
    state.set(revision, revision);
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  expect(batches).toHaveLength(1);
  socket.emit('drawn', 1);
  await vi.waitFor(() => expect(batches).toHaveLength(2), soon);
  expect(people(batches[1])).toBe(6);
});

it('resumes from the revision that a client holds, without a snapshot and without a gap', async () => {
  const state = writeState();
  state.set(3, 3);
  // The feed must have seen the file before it can trust a revision that a client brings.
  await (
    await fetch(`${url()}/api/v1/stations`, { headers: { authorization: `Bearer ${await token()}` } })
  ).json();
  state.set(4, 8);
  const { batches } = await follow(3);
  await vi.waitFor(() => expect(batches).toHaveLength(1), soon);
  expect([batches[0]?.snapshot, people(batches[0])]).toEqual([false, 8]);
});

it('lets no socket in without a login', async () => {
  const socket = io(url(), { transports: ['websocket'], reconnection: false });
  sockets.push(socket);
  const error = await new Promise<Error>((resolve) => socket.once('connect_error', resolve));
  expect(error.message).toBe('unauthorized');
});
