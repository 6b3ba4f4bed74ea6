import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { errorLine, WaystationError } from '../../runtime/errors.ts';
import { openDatabase, openDatabaseForReading } from '../../runtime/sqlite.ts';
import type { StoreHealth, TelemetryStore } from '../port.ts';
import { RawRetention } from './raw-retention.ts';
import { readCellGroups, readCells } from './rollup-reader.ts';
import { telemetryMigrations } from './schema.ts';
import { readRaw, readSeries } from './sqlite-reader.ts';
import { SqliteWriter } from './sqlite-writer.ts';

export const telemetryFile = 'telemetry.db';

/** Pages of the WAL before a checkpoint (16 MB): 1.2 to 1.35 times the rows per second of SQLite's own 1,000, whose checkpoints wait for the disk. */
const checkpointPages = 4_000;

/** The embedded telemetry store, for the one process that writes. */
export function openSqliteStore(dataDir: string): TelemetryStore {
  const db = openDatabase(join(dataDir, telemetryFile), telemetryMigrations);
  db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
  const writer = new SqliteWriter(db);
  const retention = new RawRetention(db);
  return {
    ...reading(() => db),
    writeReadings: async (readings) => writer.writeReadings(readings),
    writeCells: async (cells) => writer.writeCells(cells),
    deleteRawBefore: async (before) => retention.deleteBefore(before),
    close: async () => db.close(),
  };
}

/** The embedded telemetry store for a process that only reads; the file may appear later, until then everything is empty. */
export function openSqliteStoreForReading(dataDir: string): TelemetryStore {
  let db: DatabaseSync | undefined;
  const open = () => {
    if (db !== undefined) return db;
    const opened = openDatabaseForReading(join(dataDir, telemetryFile));
    // The writer makes the file first and its tables a moment later.
    if (opened?.prepare('PRAGMA user_version').get()?.['user_version'] === 0) opened.close();
    else db = opened;
    return db;
  };
  const refuse = () =>
    Promise.reject(
      new WaystationError({
        code: 'store_read_only',
        message: 'This telemetry store was opened for reading.',
      }),
    );
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
      from<StoreHealth>({ ok: true, engine: 'SQLite (empty)' }, sqliteHealth).catch((thrown: unknown) => ({
        ok: false,
        engine: 'SQLite',
        message: `${telemetryFile} cannot be read: ${errorLine(thrown)}.`,
        fix: 'Look after the disk, or restore a backup of this file.',
      })),
  };
}

function sqliteHealth(db: DatabaseSync): StoreHealth {
  db.prepare('SELECT 1 FROM reading LIMIT 1').get();
  return { ok: true, engine: `SQLite ${db.prepare('SELECT sqlite_version() AS v').get()?.['v']}` };
}
