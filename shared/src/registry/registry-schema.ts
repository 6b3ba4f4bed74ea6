import { join } from 'node:path';
import {
  type Device,
  type District,
  deviceSchema,
  districtSchema,
  type EntityChange,
  type EntityKind,
  type Login,
  loginSchema,
  type Station,
  stationSchema,
  type Unit,
  type User,
  unitSchema,
  userSchema,
} from '../contracts/registry-documents.ts';
import type { Migration } from '../runtime/sqlite.ts';

/** Where the registry of a data folder is kept. */
export function registryFile(dataDir: string): string {
  return join(dataDir, 'registry.db');
}

/** Every version of every document is kept: the state as of an old revision is one ordered read. */
export const registryMigrations: readonly Migration[] = [
  {
    name: 'first version',
    sql: `
      CREATE TABLE entity (kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT, PRIMARY KEY (kind, id, revision)) WITHOUT ROWID;
      -- body: the document as JSON; null = removed at that revision
      CREATE INDEX entity_revision ON entity (revision);
      CREATE TABLE revision (revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL);
    `,
  },
];

/** The only id of a document of kind `district`. */
export const districtId = 'district';

export const documentSchemas = {
  district: districtSchema,
  unit: unitSchema,
  station: stationSchema,
  device: deviceSchema,
  login: loginSchema,
  user: userSchema,
} as const satisfies Record<EntityKind, unknown>;

export const entityKinds = Object.keys(documentSchemas) as EntityKind[];

/** The registry's key of a device. */
export function deviceKey(device: Pick<Device, 'station' | 'id'>): string {
  return `${device.station}/${device.id}`;
}

/** A change that writes a document under the key that its content gives it. */
export const put = {
  district: (body: District): EntityChange => ({ kind: 'district', id: districtId, body }),
  unit: (body: Unit): EntityChange => ({ kind: 'unit', id: body.id, body }),
  station: (body: Station): EntityChange => ({ kind: 'station', id: body.id, body }),
  device: (body: Device): EntityChange => ({ kind: 'device', id: deviceKey(body), body }),
  login: (body: Login): EntityChange => ({ kind: 'login', id: body.name, body }),
  user: (body: User): EntityChange => ({ kind: 'user', id: body.name, body }),
};
