import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  deviceSchema,
  districtSchema,
  type EntityChange,
  stationSchema,
} from '../contracts/registry-documents.ts';
import { secretMatches } from '../runtime/secret-key.ts';
import { newLogin } from './device-logins.ts';
import { openRegistry, type Registry } from './registry.ts';
import { openRegistryReader } from './registry-reader.ts';
import { put } from './registry-schema.ts';

let dataDir: string;
let registry: Registry;
const by = { who: 'test', what: 'set up' };
const unit = { id: 'kongang', name: '空港街道', type: '街道' } as const;
const station = stationSchema.parse({ id: 'kg-a', unit: 'kongang', name: '甲' });
const device = deviceSchema.parse({ station: 'kg-a', id: 'door-1', kind: 'door-counter' });

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'registry-'));
  registry = await openRegistry(dataDir);
});
afterEach(() => {
  registry.close();
  rmSync(dataDir, { recursive: true });
});

function firstChanges(): EntityChange[] {
  return [put.unit(unit), put.station(station), put.device(device), put.login(newLogin('kg-a/door-1').login)];
}

test('is empty at revision 0 while there is no file, and appears when it is made', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'registry-'));
  const reader = openRegistryReader(elsewhere);
  expect(await reader.newestRevision()).toBe(0);
  expect((await reader.loadSnapshot()).stations.size).toBe(0);
  const later = await openRegistry(elsewhere);
  expect(await reader.newestRevision()).toBe(0);
  await later.apply(firstChanges(), by);
  expect(await reader.newestRevision()).toBe(1);
  expect([...(await reader.loadSnapshot()).devices.keys()]).toEqual(['kg-a/door-1']);
  later.close();
  reader.close();
  rmSync(elsewhere, { recursive: true });
});

test('applying the same changes twice makes one revision', async () => {
  const changes = firstChanges();
  expect(await registry.apply(changes, by)).toBe(1);
  expect(await registry.apply(changes, by)).toBe(1);
  expect(await registry.apply([put.unit({ ...unit, name: '空港' })], by)).toBe(2);
});

test('answers the state as of an old revision, also after going forward, and never changes a snapshot that was handed out', async () => {
  await registry.apply(firstChanges(), by);
  const reader = openRegistryReader(dataDir);
  const first = await reader.loadSnapshot();
  await registry.apply([put.station({ ...station, name: '乙' })], by);
  await registry.apply([{ kind: 'login', id: 'kg-a/door-1', body: null }], by);
  const newest = await reader.loadSnapshot();
  expect(newest.revision).toBe(3);
  expect(newest.stations.get('kg-a')?.name).toBe('乙');
  expect(newest.logins.size).toBe(0);
  const second = await reader.loadSnapshot(2);
  expect(second.stations.get('kg-a')?.name).toBe('乙');
  expect(second.logins.size).toBe(1);
  expect(first.stations.get('kg-a')?.name).toBe('甲');
  expect((await reader.loadSnapshot(1)).stations.get('kg-a')?.name).toBe('甲');
  expect((await reader.loadSnapshot(0)).stations.size).toBe(0);
  expect(await reader.loadSnapshot(99)).toEqual(newest);
  reader.close();
});

test('a revoked login is gone while its device stays', async () => {
  const { login, secret } = newLogin('kg-a/door-1');
  await registry.apply([put.unit(unit), put.station(station), put.device(device), put.login(login)], by);
  const before = await registry.loadSnapshot();
  expect(secretMatches(secret, before.logins.get('kg-a/door-1')!)).toBe(true);
  await registry.apply([{ kind: 'login', id: 'kg-a/door-1', body: null }], by);
  const after = await registry.loadSnapshot();
  expect(after.logins.has('kg-a/door-1')).toBe(false);
  expect(after.devices.has('kg-a/door-1')).toBe(true);
});

test.each<[string, EntityChange[], RegExp]>([
  ['a station of an unknown unit', [put.station(station)], /station kg-a: unit "kongang" does not exist/],
  ['a device of an unknown station', [put.device(device)], /device kg-a\/door-1: station "kg-a"/],
  [
    'a login of an unknown device',
    [put.login(newLogin('kg-a/door-1').login)],
    /login kg-a\/door-1: the device/,
  ],
  ['a replay login of an unknown station', [put.login(newLogin('kg-a:replay').login)], /the station "kg-a"/],
  ['a document under a foreign key', [{ ...put.unit(unit), id: 'other' }], /its key is kongang/],
])('refuses %s and writes nothing', async (_name, changes, message) => {
  const all = [put.district(districtSchema.parse({ name: '顺义区' })), ...changes] as EntityChange[];
  await expect(registry.apply(all, by)).rejects.toThrow(message);
  expect(await registry.newestRevision()).toBe(0);
  expect((await registry.loadSnapshot()).district.name).toBe('');
});

test.each<[EntityChange, RegExp]>([
  [{ kind: 'unit', id: 'kongang', body: null }, /unit kongang is still used by station kg-a/],
  [{ kind: 'station', id: 'kg-a', body: null }, /station kg-a is still used by device kg-a\/door-1/],
  [{ kind: 'device', id: 'kg-a/door-1', body: null }, /is still used by login kg-a\/door-1/],
])('refuses to remove what is in use: %o', async (change, message) => {
  await registry.apply(firstChanges(), by);
  await expect(registry.apply([change], by)).rejects.toThrow(message);
  expect(await registry.newestRevision()).toBe(1);
});

test('removes a station with everything that belongs to it in one revision', async () => {
  await registry.apply(firstChanges(), by);
  const removals: EntityChange[] = [
    { kind: 'login', id: 'kg-a/door-1', body: null },
    { kind: 'device', id: 'kg-a/door-1', body: null },
    { kind: 'station', id: 'kg-a', body: null },
    { kind: 'unit', id: 'kongang', body: null },
  ];
  expect(await registry.apply(removals, by)).toBe(2);
  expect((await registry.loadSnapshot()).units.size).toBe(0);
});

test('refuses a document that does not fit its schema, naming the field', async () => {
  const wrong = { ...put.station(station), body: { ...station, seats: -1 } } as EntityChange;
  await expect(registry.apply([put.unit(unit), wrong], by)).rejects.toThrow(
    /station kg-a is not valid: seats/,
  );
  expect(await registry.newestRevision()).toBe(0);
});
