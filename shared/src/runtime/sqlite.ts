import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WaystationError } from './errors.ts';

/** One numbered step of a schema. Steps are only ever appended. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** How long a writer waits for another process, ms. */
const busyTimeoutMs = 5_000;

/**
 * Opens a database for writing: WAL, `synchronous=FULL` (FACTS: NORMAL does not survive power loss),
 * and brings its schema up to date. Before a migration of an existing file the file is copied to `FILE.before-N`.
 * @throws WaystationError `schema_too_new` when the file was written by a newer version.
 */
export function openDatabase(file: string, migrations: readonly Migration[]): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const existed = existsSync(file);
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  if (!existed) db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
  const version = userVersion(db);
  if (version > migrations.length) {
    db.close();
    throw new WaystationError({
      code: 'schema_too_new',
      message: `${file} was written by a newer version of Waystation (schema ${version}, this one knows ${migrations.length}).`,
      fix: 'Start the newer version, or restore a backup.',
    });
  }
  if (version < migrations.length) {
    if (existed && version > 0) {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      copyFileSync(file, `${file}.before-${migrations.length}`);
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue;
      transaction(db, () => {
        // Another process may have migrated while this one waited for the lock.
        if (userVersion(db) > index) return;
        db.exec(migration.sql);
        db.exec(`PRAGMA user_version = ${index + 1}`);
      });
    }
  }
  return db;
}

/** Opens an existing database for reading only; `undefined` when it is not there yet. */
export function openDatabaseForReading(file: string): DatabaseSync | undefined {
  if (!existsSync(file)) return undefined;
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  return db;
}

/** Runs `work` in one transaction; rolled back when it throws. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (thrown) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}

function userVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}
