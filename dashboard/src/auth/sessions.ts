import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '@waystation/shared/runtime/clock';
import { type Migration, openDatabase } from '@waystation/shared/runtime/sqlite';

const lifetimeMs = 30 * 86_400_000;
/** Sessions kept at most; at the limit the one that ends first goes. */
const maxSessions = 10_000;

const migrations: readonly Migration[] = [
  {
    name: 'first version',
    sql: `CREATE TABLE session (hash TEXT PRIMARY KEY, user TEXT NOT NULL, createdAt INTEGER NOT NULL, expiresAt INTEGER NOT NULL) WITHOUT ROWID;
          CREATE INDEX session_expiry ON session (expiresAt);`,
  },
];

export interface Sessions {
  /** A new session; only the hash of its token is kept. */
  begin(user: string): { token: string; expiresAt: number };
  /** Name of the user whose session this token is, or `undefined`. */
  userOf(token: string): string | undefined;
  end(token: string): void;
  metrics(): Record<string, number>;
  close(): void;
}

/** Sessions of people, in dashboard.db: they survive a restart. */
export function openSessions(dataDir: string, clock: Clock): Sessions {
  const db = openDatabase(join(dataDir, 'dashboard.db'), migrations);
  const find = db.prepare('SELECT user FROM session WHERE hash = ? AND expiresAt > ?');
  const insert = db.prepare('INSERT INTO session VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM session WHERE hash = ?');
  const expire = db.prepare('DELETE FROM session WHERE expiresAt <= ?');
  const count = db.prepare('SELECT count(*) AS n FROM session');
  const evict = db.prepare(
    'DELETE FROM session WHERE hash IN (SELECT hash FROM session ORDER BY expiresAt LIMIT ?)',
  );
  let evicted = 0;
  const size = () => Number(count.get()?.['n']);
  return {
    begin(user) {
      const token = randomBytes(24).toString('base64url');
      const now = clock.now();
      expire.run(now);
      const excess = size() + 1 - maxSessions;
      if (excess > 0) evicted += Number(evict.run(excess).changes);
      insert.run(hashOf(token), user, now, now + lifetimeMs);
      return { token, expiresAt: now + lifetimeMs };
    },
    userOf: (token) => find.get(hashOf(token), clock.now())?.['user'] as string | undefined,
    end: (token) => void remove.run(hashOf(token)),
    metrics: () => ({
      waystation_dashboard_sessions: size(),
      waystation_dashboard_sessions_evicted_total: evicted,
    }),
    close: () => db.close(),
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
