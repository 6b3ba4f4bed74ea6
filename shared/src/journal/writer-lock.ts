import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WaystationError } from '../runtime/errors.ts';

const sqliteBusy = 5;

/**
 * Takes the journal in `dir` for this writer alone; returns the release. Throws `journal_locked`.
 *
 * The lock is SQLite's exclusive lock on an empty file, because the kernel drops it with the process that held it, however that
 * ended. A pid in a file cannot do that: pids are reused, and in a container the next start often has the same one.
 * `writer.pid` beside it only names the owner. Nobody else may open `writer.lock`: closing it would drop the lock.
 */
export function lockWriter(dir: string): () => void {
  const lock = new DatabaseSync(path.join(dir, 'writer.lock'));
  const owner = path.join(dir, 'writer.pid');
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    fs.writeFileSync(owner, `${process.pid}\n`);
  } catch (thrown) {
    lock.close();
    if (!isBusy(thrown)) throw thrown;
    throw new WaystationError({
      code: 'journal_locked',
      message: `Another process (pid ${ownerPid(owner)}) writes the journal in ${dir}.`,
      fix: 'Stop it first, or give this one another DATA_DIR.',
      cause: thrown,
    });
  }
  return () => lock.close();
}

function isBusy(thrown: unknown): boolean {
  return (
    typeof thrown === 'object' && thrown !== null && 'errcode' in thrown && thrown.errcode === sqliteBusy
  );
}

function ownerPid(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}
