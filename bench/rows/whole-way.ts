import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabaseForReading } from '../../shared/src/runtime/sqlite.ts';
import { startPlatform } from '../../test/platform.ts';
import { load } from '../load.ts';
import { cpuMs, residentBytes } from '../process-usage.ts';
import type { Figure } from '../report.ts';
import { benchDistrict, benchEnvironment } from '../world.ts';
import { pairedWithMosquitto } from './paired-with-mosquitto.ts';

/** Messages / (first send to last row readable), all services running. */
export function wholeWay(): Promise<Figure> {
  return pairedWithMosquitto('the whole way, device to readable row', 0.45, async () => {
    const platform = await startPlatform({ district: benchDistrict, env: benchEnvironment });
    const startMs = performance.now();
    const { acknowledged } = await load(platform.mqttPort, 0);
    const db = openDatabaseForReading(join(platform.dataDir, 'telemetry.db'));
    const count = db?.prepare('SELECT count(*) AS n FROM reading');
    while (Number(count?.get()?.['n'] ?? 0) < acknowledged) await sleep(100);
    const took = (performance.now() - startMs) / 1_000;
    db?.close();
    const details = {
      acknowledged,
      seconds: took,
      brokerCpuMs: cpuMs(platform.pid('broker')!),
      ingestCpuMs: cpuMs(platform.pid('ingest')!),
      ingestResidentMiB: residentBytes(platform.pid('ingest')!) / 1_048_576,
    };
    await platform.stop();
    return { rate: acknowledged / took, details };
  });
}
