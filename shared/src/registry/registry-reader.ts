import type { DatabaseSync } from 'node:sqlite';
import type { RegistrySnapshot } from '../contracts/registry-documents.ts';
import { WaystationError } from '../runtime/errors.ts';
import { openDatabaseForReading } from '../runtime/sqlite.ts';
import { entityKinds, registryFile, registryMigrations } from './registry-schema.ts';
import { type EntityRow, emptySnapshot, withRows } from './snapshot.ts';

export { emptySnapshot } from './snapshot.ts';

/** Reads what is configured. Every service holds the snapshot in memory and follows the revision. */
export interface RegistryReader {
  /** Newest committed revision; 0 while there is no registry yet. One cheap query, made to be polled. */
  newestRevision(): Promise<number>;
  /**
   * The registry as of `revision`: the newest when absent or larger than what there is; 0 is the empty one.
   * Going forward from the revision loaded last reads only what changed since.
   */
  loadSnapshot(revision?: number): Promise<RegistrySnapshot>;
  close(): void;
}

/** Opens the registry of a data folder for reading; the file may appear later. */
export function openRegistryReader(dataDir: string): RegistryReader {
  let db: DatabaseSync | undefined;
  const opened = () => {
    db ??= openInitialised(registryFile(dataDir));
    return db;
  };
  const queries = snapshotQueries();
  return {
    async newestRevision() {
      const from = opened();
      return from === undefined ? 0 : queries.newestRevision(from);
    },
    async loadSnapshot(revision) {
      const from = opened();
      return from === undefined ? emptySnapshot : queries.load(from, revision);
    },
    close() {
      db?.close();
      db = undefined;
    },
  };
}

/** The two questions every holder of the database asks; remembers the newest snapshot it made. */
export function snapshotQueries() {
  let last = emptySnapshot;

  const newestRevision = (db: DatabaseSync): number =>
    Number(db.prepare('SELECT coalesce(max(revision), 0) AS revision FROM revision').get()?.['revision']);

  const load = (db: DatabaseSync, wanted?: number): RegistrySnapshot => {
    const newest = newestRevision(db);
    const revision = Math.min(wanted ?? newest, newest);
    if (revision === last.revision) return last;
    const rows =
      last.revision === 0 || revision < last.revision
        ? allRows(db, revision)
        : rowsSince(db, last.revision, revision);
    const base = revision < last.revision ? emptySnapshot : last;
    const snapshot = withRows(base, revision, rows);
    if (revision > last.revision) last = snapshot;
    return snapshot;
  };

  return { newestRevision, load };
}

/** Rows of one document come in the order of their revisions, so the last one wins. */
function* allRows(db: DatabaseSync, revision: number): Generator<EntityRow> {
  const query = db.prepare(
    'SELECT id, body FROM entity WHERE kind = ? AND revision <= ? ORDER BY id, revision',
  );
  // Rows as arrays, all at once: 340,000 documents load in 1.1 s instead of 1.8 s (best of three, 2 busy cores).
  query.setReturnArrays(true);
  for (const kind of entityKinds) {
    for (const row of query.all(kind, revision)) {
      const [id, body] = row as unknown as [string, string | null];
      yield { kind, id, body };
    }
  }
}

function* rowsSince(db: DatabaseSync, after: number, revision: number): Generator<EntityRow> {
  const query = db.prepare(
    'SELECT kind, id, body FROM entity WHERE revision > ? AND revision <= ? ORDER BY revision, kind, id',
  );
  yield* query.iterate(after, revision) as Iterable<EntityRow>;
}

/** `undefined` also while the first writer is still making the tables. */
function openInitialised(file: string): DatabaseSync | undefined {
  const db = openDatabaseForReading(file);
  if (db === undefined) return undefined;
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version === 0) {
    db.close();
    return undefined;
  }
  if (version > registryMigrations.length) {
    db.close();
    throw new WaystationError({
      code: 'schema_too_new',
      message: `${file} was written by a newer version of Waystation.`,
      fix: 'Start the newer version, or restore a backup.',
    });
  }
  return db;
}
