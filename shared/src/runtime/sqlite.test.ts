import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase, openDatabaseForReading, transaction } from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'waystation-sqlite-'));
const first = { name: 'first', sql: 'CREATE TABLE t (x INTEGER)' };
const second = { name: 'second', sql: 'ALTER TABLE t ADD COLUMN y INTEGER' };

it('migrates a file in numbered steps, copying it before', () => {
  const file = join(folder, 'migrate.db');
  const old = openDatabase(file, [first]);
  old.exec('INSERT INTO t VALUES (7)');
  old.close();
  const migrated = openDatabase(file, [first, second]);
  expect(migrated.prepare('SELECT x, y FROM t').get()).toEqual({ x: 7, y: null });
  migrated.close();
  const copy = openDatabaseForReading(`${file}.before-2`);
  expect(copy?.prepare('SELECT x FROM t').get()).toEqual({ x: 7 });
  copy?.close();
});

it('refuses a file that a newer version wrote', () => {
  const file = join(folder, 'newer.db');
  openDatabase(file, [first, second]).close();
  expect(() => openDatabase(file, [first])).toThrow(/newer version/);
});

it('leaves the file as it was when a step fails', () => {
  const file = join(folder, 'fails.db');
  openDatabase(file, [first]).close();
  expect(() =>
    openDatabase(file, [first, { name: 'bad', sql: 'CREATE TABLE u (x); SELECT nonsense' }]),
  ).toThrow();
  const db = openDatabase(file, [first]);
  expect(db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'u'").get()).toEqual({ n: 0 });
  db.close();
});

it('rolls a transaction back when its work throws', () => {
  const db = openDatabase(join(folder, 'rollback.db'), [first]);
  expect(() =>
    transaction(db, () => {
      db.exec('INSERT INTO t VALUES (1)');
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(db.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 0 });
  db.close();
});

it('answers nothing for a file that is not there, and makes none', () => {
  const file = join(folder, 'absent.db');
  expect(openDatabaseForReading(file)).toBeUndefined();
  expect(existsSync(file)).toBe(false);
});
