import type { Migration } from '../runtime/sqlite.ts';

/**
 * Schema of state.db: written by ingest alone, read by the dashboard.
 * `revision` is one number that grows with every commit; "what changed since R" is `WHERE revision > R` on each table.
 */
export const stateMigrations: readonly Migration[] = [
  {
    name: 'first version',
    sql: `
      CREATE TABLE position (consumer TEXT PRIMARY KEY, generation TEXT NOT NULL, offset INTEGER NOT NULL, receivedAt INTEGER NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
      -- consumer: 'state' (revision = newest revision) and 'store' (revision = newest cell revision written to the telemetry store)

      CREATE TABLE device_twin (station TEXT NOT NULL, device TEXT NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL, memory TEXT NOT NULL, PRIMARY KEY (station, device)) WITHOUT ROWID;
      -- body: DeviceTwin as JSON; memory: what the reducer needs besides (sessions, seen runs, offsets), ingest's own
      CREATE INDEX device_twin_revision ON device_twin (revision);
      CREATE TABLE station_twin (station TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL, memory TEXT NOT NULL) WITHOUT ROWID;
      CREATE INDEX station_twin_revision ON station_twin (revision);

      CREATE TABLE cell (station TEXT NOT NULL, device TEXT NOT NULL, hour INTEGER NOT NULL, revision INTEGER NOT NULL, touchedAt INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (station, device, hour)) WITHOUT ROWID;
      -- one per device and local hour: counter edges by session, gauges, minutes covered. Enough to merge late readings to the same sums.
      CREATE INDEX cell_revision ON cell (revision);

      CREATE TABLE withheld (offset INTEGER PRIMARY KEY, readings TEXT NOT NULL) WITHOUT ROWID;
      -- readings of the frame at this offset that the store writer must leave out: '*' for all, else a JSON array of indexes

      CREATE TABLE rejected (id INTEGER PRIMARY KEY AUTOINCREMENT, offset INTEGER NOT NULL, receivedAt INTEGER NOT NULL, station TEXT, device TEXT, topic TEXT NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL, payload BLOB NOT NULL);
      CREATE INDEX rejected_device ON rejected (station, device, id);

      CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    `,
  },
];

/** Newest revision in state.db: the cheapest question, asked every 100 ms. */
export const newestRevisionSql = `SELECT revision FROM position WHERE consumer = 'state'`;
