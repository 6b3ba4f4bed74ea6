import type { Config } from '../runtime/config.ts';
import { WaystationError } from '../runtime/errors.ts';
import type { TelemetryStore } from './port.ts';
import { openSqliteStore, openSqliteStoreForReading } from './sqlite/sqlite-store.ts';

/**
 * The telemetry store that the configuration names: SQLite in DATA_DIR.
 * @throws WaystationError `influx_not_supported` when INFLUX_URL is set: that store is not built yet.
 */
export function openTelemetryStore(config: Config, mode: 'write' | 'read'): TelemetryStore {
  if (config.INFLUX_URL !== undefined) {
    throw new WaystationError({
      code: 'influx_not_supported',
      message: 'INFLUX_URL is set, but this version stores telemetry in SQLite only.',
      fix: 'Remove INFLUX_URL from the environment.',
    });
  }
  return mode === 'write' ? openSqliteStore(config.dataDir) : openSqliteStoreForReading(config.dataDir);
}
