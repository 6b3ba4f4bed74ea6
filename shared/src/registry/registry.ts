import { isDeepStrictEqual } from 'node:util';
import type { EntityChange } from '../contracts/registry-documents.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { WaystationError } from '../runtime/errors.ts';
import { openDatabase, transaction } from '../runtime/sqlite.ts';
import { checkReferences } from './references.ts';
import { type RegistryReader, snapshotQueries } from './registry-reader.ts';
import { documentSchemas, registryFile, registryMigrations } from './registry-schema.ts';

/** Who changed the registry, and a sentence about what was done: the audit of settings. */
export interface ChangedBy {
  readonly who: string;
  readonly what: string;
}

/** The registry, open for writing (dashboard, admin command). */
export interface Registry extends RegistryReader {
  /**
   * Applies changes as one new revision and answers its number; when nothing differs, nothing is written and the
   * present revision is answered.
   * @throws WaystationError `registry_invalid` (a document does not fit its schema) or `registry_reference`
   * (something named does not exist, or is still in use); nothing is written then.
   */
  apply(changes: readonly EntityChange[], by: ChangedBy): Promise<number>;
}

/** Opens (and makes or migrates) the registry of a data folder. Several processes may have it open. */
export async function openRegistry(dataDir: string, clock: Clock = systemClock): Promise<Registry> {
  const db = openDatabase(registryFile(dataDir), registryMigrations);
  const queries = snapshotQueries();
  const current = db.prepare(
    'SELECT body FROM entity WHERE kind = ? AND id = ? ORDER BY revision DESC LIMIT 1',
  );
  const insertEntity = db.prepare(
    'INSERT OR REPLACE INTO entity (kind, id, revision, body) VALUES (?, ?, ?, ?)',
  );
  const insertRevision = db.prepare('INSERT INTO revision (revision, at, who, what) VALUES (?, ?, ?, ?)');

  const currentBody = (kind: string, id: string) =>
    (current.get(kind, id)?.['body'] as string | null) ?? null;

  return {
    async apply(changes, { who, what }) {
      const checked = changes.map(checkedBody);
      return transaction(db, () => {
        const newest = queries.newestRevision(db);
        const differing = checked.filter(({ kind, id, body }) => differs(currentBody(kind, id), body));
        if (differing.length === 0) return newest;
        const revision = newest + 1;
        for (const { kind, id, body } of differing) insertEntity.run(kind, id, revision, body);
        checkReferences(db, differing);
        insertRevision.run(revision, clock.now(), who, what);
        return revision;
      });
    },
    async newestRevision() {
      return queries.newestRevision(db);
    },
    async loadSnapshot(revision) {
      return queries.load(db, revision);
    },
    close() {
      if (db.isOpen) db.close();
    },
  };
}

/** A change whose body is JSON in the schema's order, so that equal documents have equal text. */
export interface CheckedChange {
  readonly kind: EntityChange['kind'];
  readonly id: string;
  readonly body: string | null;
}

function checkedBody({ kind, id, body }: EntityChange): CheckedChange {
  if (body === null) return { kind, id, body };
  const parsed = documentSchemas[kind].safeParse(body);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'it'} ${issue.message}`);
    throw new WaystationError({
      code: 'registry_invalid',
      message: `The ${kind} ${id} is not valid: ${faults.join('; ')}.`,
      fix: 'Correct it and try again; nothing was changed.',
      cause: parsed.error,
    });
  }
  return { kind, id, body: JSON.stringify(parsed.data) };
}

function differs(present: string | null, wanted: string | null): boolean {
  if (present === wanted) return false;
  if (present === null || wanted === null) return true;
  // A version that orders the fields of a schema differently has not changed the document.
  return !isDeepStrictEqual(JSON.parse(present), JSON.parse(wanted));
}
