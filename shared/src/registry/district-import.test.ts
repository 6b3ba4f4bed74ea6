import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { secretMatches } from '../runtime/secret-key.ts';
import { ensureDemoDistrict, readSimulatorSecrets } from './demo-district.ts';
import { revokedLogin } from './device-logins.ts';
import { importDistrict } from './district-import.ts';
import { parseDistrictFile } from './district-parse.ts';
import { ensureAdministrator } from './first-administrator.ts';
import { verifyPassword } from './password.ts';
import { openRegistry } from './registry.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'waystation-district-'));
const by = { who: 'test', what: 'import' };

const small = `
district: { name: 测试区 }
units:
  - { id: u1, name: 一街道, type: 街道 }
stations:
  - id: s1
    unit: u1
    name: 一号驿站
    gateway: true
    devices:
      - { id: door-1, kind: door-counter, reportingIntervalS: 60 }
      - { id: water-1, kind: water-dispenser, secret: a-secret-given-by-hand }
`;

it('applies a file, and the same file again changes nothing', async () => {
  const registry = await openRegistry(folder());
  const first = await importDistrict(registry, parseDistrictFile(small, 'small.yaml'), by);
  expect(Object.keys(first.secrets).sort()).toEqual(['s1', 's1/door-1']);
  const second = await importDistrict(registry, parseDistrictFile(small, 'small.yaml'), by);
  expect(second).toMatchObject({ revision: first.revision, changed: false, secrets: {} });
  const { logins, devices } = await registry.loadSnapshot();
  expect(secretMatches(first.secrets['s1/door-1']!, logins.get('s1/door-1')!)).toBe(true);
  expect(secretMatches('a-secret-given-by-hand', logins.get('s1/water-1')!)).toBe(true);
  expect(devices.size).toBe(2);
  registry.close();
});

it('sets what the file names and keeps what it does not name', async () => {
  const registry = await openRegistry(folder());
  await importDistrict(registry, parseDistrictFile(small, 'small.yaml'), by);
  const { devices } = await registry.loadSnapshot();
  const door = devices.get('s1/door-1')!;
  const changed = { ...door, swapDirection: true, reportingIntervalS: 30, stage: 'not-handed-over' as const };
  await registry.apply([{ kind: 'device', id: 's1/door-1', body: changed }], by);
  await importDistrict(registry, parseDistrictFile(small, 'small.yaml'), by);
  expect((await registry.loadSnapshot()).devices.get('s1/door-1')).toEqual({
    ...changed,
    reportingIntervalS: 60,
  });
  registry.close();
});

it('leaves a revoked login revoked, whatever secret the file gives', async () => {
  const registry = await openRegistry(folder());
  await importDistrict(registry, parseDistrictFile(small, 'small.yaml'), by);
  const names = ['s1/door-1', 's1/water-1'];
  await registry.apply(
    names.map((id) => ({ kind: 'login', id, body: revokedLogin(id) })),
    by,
  );
  const again = await importDistrict(registry, parseDistrictFile(small, 'small.yaml'), by);
  expect(again).toMatchObject({ changed: false, secrets: {} });
  const { logins } = await registry.loadSnapshot();
  expect(secretMatches('a-secret-given-by-hand', logins.get('s1/water-1')!)).toBe(false);
  registry.close();
});

it.each([
  ['broken YAML', 'district: { name: x\nunits: [', /line \d+/],
  [
    'a wrong kind',
    small.replace('kind: door-counter', 'kind: dorr-counter'),
    /line 11: stations\[0\]\.devices\[0\]\.kind: .*door-counter/,
  ],
  [
    'a string where a number belongs',
    small.replace('IntervalS: 60', 'IntervalS: often'),
    /stations\[0\]\.devices\[0\]\.reportingIntervalS: .*number/,
  ],
  ['a typo in a key', small.replace('gateway:', 'gatway:'), /stations\[0\]: .*gatway/],
  [
    'an id twice',
    small.replace('id: water-1', 'id: door-1'),
    /line 12: stations\[0\]\.devices\[1\]\.id: "door-1" stands here a second time/,
  ],
  ['a device called staff', small.replace('id: water-1', 'id: staff'), /may not be "staff"/],
])('refuses %s, naming line, field and fix', (_name, text, expected) => {
  expect(() => parseDistrictFile(text, 'bad.yaml')).toThrow(expected);
});

it('refuses a station of an unknown unit and writes nothing', async () => {
  const registry = await openRegistry(folder());
  const file = parseDistrictFile(small.replace('unit: u1', 'unit: u9'), 'bad.yaml');
  await expect(importDistrict(registry, file, by)).rejects.toMatchObject({ code: 'registry_reference' });
  expect(await registry.newestRevision()).toBe(0);
  registry.close();
});

it('makes the demo district once, with secrets only its owner can read', async () => {
  const dataDir = folder();
  const first = await ensureDemoDistrict(dataDir);
  const second = await ensureDemoDistrict(dataDir);
  expect(second).toEqual({ ...first, changed: false });
  expect(statSync(join(first.demoDataDir, 'sim-secrets.json')).mode & 0o777).toBe(0o600);

  const registry = await openRegistry(first.demoDataDir);
  const { units, stations, devices, logins, district } = await registry.loadSnapshot();
  registry.close();
  expect(district.demo).toBe(true);
  expect([units.size, stations.size, devices.size]).toEqual([27, 20, 15 * 8 + 3 * 3]);
  expect(devices.get('kg-xiangyun/door-1')).toMatchObject({ reportingIntervalS: 60, stage: 'in-use' });
  expect(devices.get('kg-xiangyun/air-1')).toMatchObject({ reportingIntervalS: 300 });
  expect(devices.get('kg-xiangyun/lock-1')).toMatchObject({ reportingIntervalS: 600 });
  expect(devices.get('mp-xincheng/door-1')).toMatchObject({ stage: 'not-handed-over' });
  expect(devices.get('kg-guomen/water-1')?.capacityMl).toBeUndefined();
  const secrets = readSimulatorSecrets(first.demoDataDir);
  for (const [name, secret] of Object.entries(secrets))
    expect(secretMatches(secret, logins.get(name)!)).toBe(true);
  expect(Object.keys(secrets)).toContain('kg-xiangyun:replay');
});

it('goes on with the same secrets when the making of the demo district was killed half-way', async () => {
  const dataDir = folder();
  const { demoDataDir } = await ensureDemoDistrict(dataDir);
  const file = join(demoDataDir, 'sim-secrets.json');
  const made = JSON.parse(readFileSync(file, 'utf8')) as { secrets: Record<string, string> };
  // As after a kill between the registry and the last write of the secrets, and with one login that was never applied.
  writeFileSync(file, JSON.stringify({ district: 'being made', secrets: made.secrets }));
  const registry = await openRegistry(demoDataDir);
  await registry.apply([{ kind: 'login', id: 'kg-xiangyun/door-1', body: null }], by);
  expect(await ensureDemoDistrict(dataDir)).toMatchObject({ changed: true });
  expect(readSimulatorSecrets(demoDataDir)).toEqual(made.secrets);
  const { logins } = await registry.loadSnapshot();
  registry.close();
  expect(logins.size).toBe(Object.keys(made.secrets).length);
  for (const [name, secret] of Object.entries(made.secrets))
    expect(secretMatches(secret, logins.get(name)!)).toBe(true);
});

it('makes the first administrator once, with a given or a generated password', async () => {
  const registry = await openRegistry(folder());
  const { generatedPassword } = await ensureAdministrator(registry, undefined);
  const stored = async () => (await registry.loadSnapshot()).users.get('admin')!.password;
  expect(await verifyPassword(generatedPassword!, await stored())).toBe(true);
  expect(await ensureAdministrator(registry, 'another password')).toEqual({ generatedPassword: null });
  expect(await verifyPassword('another password', await stored())).toBe(false);
  registry.close();
});
