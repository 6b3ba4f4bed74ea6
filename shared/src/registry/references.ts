import type { DatabaseSync } from 'node:sqlite';
import type { EntityKind } from '../contracts/registry-documents.ts';
import { WaystationError } from '../runtime/errors.ts';
import { districtId } from './registry-schema.ts';

interface WrittenChange {
  readonly kind: EntityKind;
  readonly id: string;
  readonly body: string | null;
}

/**
 * Checks, inside the transaction that wrote them, that the changes leave nothing pointing at nothing.
 * @throws WaystationError `registry_reference` naming the document, the field and the way out.
 */
export function checkReferences(db: DatabaseSync, changes: readonly WrittenChange[]): void {
  const newest = db.prepare(
    'SELECT body FROM entity WHERE kind = ? AND id = ? ORDER BY revision DESC LIMIT 1',
  );
  const exists = (kind: EntityKind, id: string) => {
    const row = newest.get(kind, id);
    return row !== undefined && row['body'] !== null;
  };
  /** Ids below `prefix` that still exist; `0` is the character after `/`. */
  const below = db.prepare(`SELECT id FROM entity e WHERE kind = ? AND id >= ? AND id < ? AND body IS NOT NULL
    AND revision = (SELECT max(revision) FROM entity WHERE kind = e.kind AND id = e.id) LIMIT 1`);
  const firstBelow = (kind: EntityKind, from: string, to: string) =>
    below.get(kind, from, to)?.['id'] as string | undefined;
  const stationInUnit = db.prepare(`SELECT id FROM entity e WHERE kind = 'station' AND body IS NOT NULL
    AND json_extract(body, '$.unit') = ? AND revision = (SELECT max(revision) FROM entity WHERE kind = e.kind AND id = e.id) LIMIT 1`);

  for (const change of changes) {
    if (change.body === null) checkRemoval(change);
    else checkDocument(change.kind, change.id, JSON.parse(change.body));
  }

  function checkDocument(kind: EntityKind, id: string, body: Record<string, string>): void {
    const key = keyOf(kind, body);
    if (key !== id) refuse(`${kind} ${id}: its content says that its key is ${key}.`, `Use the key ${key}.`);
    if (kind === 'station' && !exists('unit', body['unit'] ?? '')) {
      refuse(
        `station ${id}: unit "${body['unit']}" does not exist.`,
        'Add the unit first or correct the field.',
      );
    }
    if (kind === 'device' && !exists('station', body['station'] ?? '')) {
      refuse(
        `device ${id}: station "${body['station']}" does not exist.`,
        'Add the station first or correct it.',
      );
    }
    if (kind === 'login') {
      const owner = loginOwner(id);
      if (!exists(owner.kind, owner.id)) {
        refuse(
          `login ${id}: the ${owner.kind} "${owner.id}" does not exist.`,
          `Add the ${owner.kind} first.`,
        );
      }
    }
  }

  function checkRemoval({ kind, id }: WrittenChange): void {
    const inUse = (user: string | undefined) => {
      if (user !== undefined) refuse(`${kind} ${id} is still used by ${user}.`, 'Remove that first.');
    };
    if (kind === 'unit') inUse(named('station', stationInUnit.get(id)?.['id'] as string | undefined));
    if (kind === 'station') {
      inUse(named('device', firstBelow('device', `${id}/`, `${id}0`)));
      for (const login of [id, `${id}:replay`]) if (exists('login', login)) inUse(`login ${login}`);
    }
    if (kind === 'device' && exists('login', id)) inUse(`login ${id}`);
  }
}

/** What a login belongs to: `{station}/{device}`, `{station}` (gateway) or `{station}:replay`. */
function loginOwner(name: string): { kind: 'device' | 'station'; id: string } {
  if (name.includes('/')) return { kind: 'device', id: name };
  return { kind: 'station', id: name.replace(/:replay$/, '') };
}

function keyOf(kind: EntityKind, body: Record<string, string>): string {
  if (kind === 'district') return districtId;
  if (kind === 'device') return `${body['station']}/${body['id']}`;
  return (kind === 'login' || kind === 'user' ? body['name'] : body['id']) ?? '';
}

function named(kind: EntityKind, id: string | undefined): string | undefined {
  return id === undefined ? undefined : `${kind} ${id}`;
}

function refuse(message: string, fix: string): never {
  throw new WaystationError({ code: 'registry_reference', message, fix: `${fix} Nothing was changed.` });
}
