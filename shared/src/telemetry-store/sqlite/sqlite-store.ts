import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, openDatabaseForReading } from '../../runtime/sqlite.ts';
import type { TelemetryStore } from '../port.ts';
import { readCellGroups, readCells } from './rollup-reader.ts';
import { telemetryMigrations } from './schema.ts';
import { readRaw, readSeries } from './sqlite-reader.ts';
import { SqliteWriter } from './sqlite-writer.ts';

export const telemetryFile = 'telemetry.db';

/** The embedded telemetry store, for the one process that writes. */
export function openSqliteStore(dataDir: string): TelemetryStore {
  const db = openDatabase(join(dataDir, telemetryFile), telemetryMigrations);
  const writer = new SqliteWriter(db);
  return {
    ...reading(() => db),
    writeReadings: async (readings) => writer.writeReadings(readings),
    writeCells: async (cells) => writer.writeCells(cells),
    deleteRawBefore: async (before) => writer.deleteRawBefore(before),
    close: async () => db.close(),
  };
}

/** The embedded telemetry store for a process that only reads; the file may appear later, until then everything is empty. */
export function openSqliteStoreForReading(dataDir: string): TelemetryStore {
  let db: DatabaseSync | undefined;
  const open = () => {
    db ??= openDatabaseForReading(join(dataDir, telemetryFile));
    return db;
  };
  const refuse = () => Promise.reject(new Error('this store was opened for reading'));
  return {
    ...reading(open),
    writeReadings: refuse,
    writeCells: refuse,
    deleteRawBefore: refuse,
    close: async () => db?.close(),
  };
}

type Reading = Pick<TelemetryStore, 'readRaw' | 'readSeries' | 'readCells' | 'readCellGroups' | 'health'>;

function reading(open: () => DatabaseSync | undefined): Reading {
  const from = async <T>(empty: T, read: (db: DatabaseSync) => T): Promise<T> => {
    const db = open();
    return db === undefined ? empty : read(db);
  };
  return {
    readRaw: (query) => from({ readings: [], next: null }, (db) => readRaw(db, query)),
    readSeries: (query) => from([], (db) => readSeries(db, query)),
    readCells: (query) => from([], (db) => readCells(db, query)),
    readCellGroups: (query, groups) => from([], (db) => readCellGroups(db, query, groups)),
    health: () =>
      from({ ok: true, engine: 'SQLite (empty)' }, (db) => ({
        ok: true,
        engine: `SQLite ${db.prepare('SELECT sqlite_version() AS v').get()?.['v']}`,
      })),
  };
}
