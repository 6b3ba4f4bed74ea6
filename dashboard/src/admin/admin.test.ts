import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournalReader } from '@waystation/shared/journal/reader';
import { openJournalWriter } from '@waystation/shared/journal/writer';
import { openRegistryReader } from '@waystation/shared/registry/registry-reader';
import { secretMatches } from '@waystation/shared/runtime/secret-key';
import { writeStatus } from '@waystation/shared/runtime/status-file';
import { beforeEach, describe, expect, it } from 'vitest';

let dataDir: string;
beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'waystation-admin-')), 'data');
  mkdirSync(dataDir);
});

function admin(args: string[], input = '') {
  const main = join(import.meta.dirname, 'main.ts');
  const env = { ...process.env, DATA_DIR: dataDir, SECRET_KEY_FILE: '' };
  return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], {
    env,
    input,
    encoding: 'utf8',
  });
}

function importSmall() {
  const file = join(dataDir, '..', 'small.yaml');
  writeFileSync(
    file,
    'district: { name: x }\nunits: [{ id: u1, name: 一街道, type: 街道 }]\nstations: [{ id: s1, unit: u1, name: 一号, devices: [{ id: door-1, kind: door-counter }] }]\n',
  );
  return admin(['import', file]);
}

async function snapshot() {
  const reader = openRegistryReader(dataDir);
  try {
    return await reader.loadSnapshot();
  } finally {
    reader.close();
  }
}

describe('bad calls end with one line and exit code 2:', () => {
  it.each([
    ['an unknown command', ['fly'], '"fly" is no command'],
    ['an unknown option', ['import', '--fast'], '--fast is no option'],
    ['a missing file', ['import', '/nowhere.yaml'], 'cannot be read'],
    ['a missing argument', ['backup'], 'backup needs DIR'],
    ['a device without a kind', ['device', 'add', 's1/door-9'], 'kind'],
    ['an unknown device', ['device', 'rotate', 's1/door-9'], 'There is no device s1/door-9'],
    ['a short password', ['user', 'add', 'eve', '--password-stdin'], 'at least 8 characters'],
  ])('%s', (_name, args, message) => {
    const result = admin(args, 'short');
    expect(result.status).toBe(2);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result.stderr).toContain(message);
  });
});

it('imports, adds, rotates and revokes devices, and shows each secret once', async () => {
  expect(importSmall().stdout).toMatch(/s1\/door-1 \S{20,}/);
  expect(importSmall().stdout).toContain('nothing to change');
  const added = admin(['device', 'add', 's1/water-1', '--kind', 'water-dispenser', '--capacity', '18900']);
  const secret = added.stdout.trim().split(' ').at(-1)!;
  expect(secretMatches(secret, (await snapshot()).logins.get('s1/water-1')!)).toBe(true);
  admin(['device', 'rotate', 's1/water-1']);
  expect(secretMatches(secret, (await snapshot()).logins.get('s1/water-1')!)).toBe(false);
  admin(['device', 'revoke', 's1/water-1']);
  const { logins, devices } = await snapshot();
  expect(logins.get('s1/water-1')?.revokedAt).toBeGreaterThan(0);
  expect(devices.has('s1/water-1')).toBe(true);
});

it('adds users, sets passwords and makes replay logins', async () => {
  importSmall();
  expect(admin(['user', 'add', 'eve', '--password-stdin'], 'a long password\n').status).toBe(0);
  expect(admin(['user', 'password', 'eve']).stdout).toMatch(/shown only now: \S{20,}/);
  expect(admin(['login', 'replay', 's1']).stdout).toContain('s1:replay');
  const { users, logins } = await snapshot();
  expect([users.has('eve'), logins.has('s1:replay')]).toEqual([true, true]);
});

it('backs up while the journal is written, refuses to restore while something runs, then restores with a new generation', async () => {
  importSmall();
  writeFileSync(join(dataDir, 'sim-secrets.json'), '{}');
  const writer = await openJournalWriter({ dir: join(dataDir, 'journal') });
  const append = (text: string) =>
    new Promise<void>((resolve, reject) =>
      writer.append(Buffer.from(text), (error) => (error ? reject(error) : resolve())),
    );
  await append('before the backup');
  const folder = join(dataDir, '..', 'backup');
  expect(admin(['backup', folder])).toMatchObject({ status: 0 });
  expect(admin(['backup', folder]).stderr).toContain('not empty');
  await append('after the backup');
  const held = admin(['restore', folder]);
  expect([held.status, held.stderr]).toEqual([
    2,
    expect.stringMatching(`\\(process ${process.pid}\\) is running on`),
  ]);
  await writer.close();

  writeStatus(dataDir, {
    service: 'ingest',
    pid: process.pid,
    at: Date.now(),
    state: 'ok',
    problems: [],
    metrics: {},
  });
  const refused = admin(['restore', folder]);
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringContaining(`ingest (process ${process.pid}) is running`),
  ]);

  writeStatus(dataDir, { service: 'ingest', pid: 4_000_000, at: 0, state: 'ok', problems: [], metrics: {} });
  expect(admin(['restore', folder])).toMatchObject({ status: 0 });
  expect(readdirSync(join(dataDir, '..')).some((name) => name.startsWith('data.before-restore-'))).toBe(true);
  expect((await snapshot()).stations.has('s1')).toBe(true);
  expect(readdirSync(dataDir)).toContain('sim-secrets.json');
  const again = await openJournalWriter({ dir: join(dataDir, 'journal') });
  expect(again.position.generation).not.toBe(writer.position.generation);
  await again.close();
  const reader = await openJournalReader({ dir: join(dataDir, 'journal'), position: 'oldest' });
  expect((await reader.next())?.records.map(({ payload }) => payload.toString())).toEqual([
    'before the backup',
  ]);
  await reader.close();
});

it('refuses a damaged backup and changes nothing', () => {
  importSmall();
  const folder = join(dataDir, '..', 'backup');
  admin(['backup', folder]);
  writeFileSync(join(folder, 'registry.db'), 'not a database');
  const result = admin(['restore', folder]);
  expect([result.status, result.stderr]).toEqual([
    2,
    expect.stringContaining('registry.db is not what was backed up'),
  ]);
  expect(readdirSync(dataDir)).toContain('registry.db');
});
