import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyHistogram } from '../../device-sim/src/load/latency-histogram.ts';
import { openDatabaseForReading } from '../../shared/src/runtime/sqlite.ts';
import { eventually, startPlatform } from '../../test/platform.ts';
import { load } from '../load.ts';
import { type Figure, latencyFigures } from '../report.ts';
import { benchDistrict, benchEnvironment } from '../world.ts';

const pollEveryMs = 4;

/** Time stamp in a reading (made when it is sent) to the poll that sees its row in the store, at 1,000 messages/s. */
export async function readableRow(): Promise<Figure> {
  const platform = await startPlatform({ district: benchDistrict, env: benchEnvironment });
  const db = await eventually(() => {
    const opened = openDatabaseForReading(join(platform.dataDir, 'telemetry.db'));
    if (opened === undefined) throw new Error('telemetry.db is not there yet');
    return opened;
  }, 10_000);
  const newer = db.prepare(
    'SELECT at, seq FROM reading WHERE device = ? AND (at, seq) > (?, ?) ORDER BY at, seq',
  );
  const devices = db.prepare('SELECT id FROM device');
  const reached = new Map<number, { at: number; seq: number }>();
  const latency = new LatencyHistogram();
  let rows = 0;
  let isLoading = true;
  const watch = async () => {
    while (isLoading) {
      if (reached.size < 180) {
        for (const { id } of devices.all())
          if (!reached.has(Number(id))) reached.set(Number(id), { at: 0, seq: 0 });
      }
      for (const [id, last] of reached) {
        for (const row of newer.all(id, last.at, last.seq)) {
          latency.add(Date.now() - Number(row['at']));
          rows += 1;
          reached.set(id, { at: Number(row['at']), seq: Number(row['seq']) });
        }
      }
      await sleep(pollEveryMs);
    }
  };
  const watching = watch();
  const { acknowledged } = await load(platform.mqttPort, 1_000);
  await sleep(1_000);
  isLoading = false;
  await watching;
  db.close();
  await platform.stop();
  const details = { acknowledged, rows, ...latencyFigures(latency) };
  return {
    name: 'readable row at 1,000/s',
    measured: `p50 ${details.p50Ms.toFixed(0)} ms, p99 ${details.p99Ms.toFixed(0)} ms`,
    bar: 'p99 < 100 ms',
    met: rows === acknowledged && details.p99Ms < 100,
    details,
  };
}
