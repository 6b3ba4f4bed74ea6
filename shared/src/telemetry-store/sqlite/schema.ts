import type { Migration } from '../../runtime/sqlite.ts';

/** Schema of telemetry.db. Names become small integers, because every row carries them. */
export const telemetryMigrations: readonly Migration[] = [
  {
    name: 'first version',
    sql: `
      CREATE TABLE device (id INTEGER PRIMARY KEY, station TEXT NOT NULL, device TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE (station, device, kind));
      CREATE TABLE session (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
      CREATE TABLE reading (
        device INTEGER NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL, session INTEGER NOT NULL,
        clockReplaced INTEGER NOT NULL, data TEXT NOT NULL,
        PRIMARY KEY (device, at, seq, session)
      ) WITHOUT ROWID;
      CREATE TABLE place (id INTEGER PRIMARY KEY, station TEXT NOT NULL, device TEXT NOT NULL, UNIQUE (station, device));
      CREATE TABLE metric (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
      -- The key begins with what long views ask for, so that a year of one metric is one run of the table.
      CREATE TABLE cell_hour (
        metric INTEGER NOT NULL, start INTEGER NOT NULL, place INTEGER NOT NULL,
        sum REAL NOT NULL, count INTEGER NOT NULL, min REAL, max REAL, last REAL,
        coveredMinutes INTEGER NOT NULL, totalMinutes INTEGER NOT NULL, flagged INTEGER NOT NULL,
        PRIMARY KEY (metric, start, place)
      ) WITHOUT ROWID;
      CREATE TABLE cell_day (
        metric INTEGER NOT NULL, start INTEGER NOT NULL, place INTEGER NOT NULL,
        sum REAL NOT NULL, count INTEGER NOT NULL, min REAL, max REAL, last REAL,
        coveredMinutes INTEGER NOT NULL, totalMinutes INTEGER NOT NULL, flagged INTEGER NOT NULL,
        PRIMARY KEY (metric, start, place)
      ) WITHOUT ROWID;
    `,
  },
];
