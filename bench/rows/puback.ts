import { startPlatform } from '../../test/platform.ts';
import { load } from '../load.ts';
import { cpuMs, residentBytes } from '../process-usage.ts';
import { type Figure, latencyFigures } from '../report.ts';
import { benchDistrict, benchEnvironment } from '../world.ts';

/** Publish to PUBACK at 2,000 messages/s, all services running. */
export async function puback(): Promise<Figure> {
  const platform = await startPlatform({ district: benchDistrict, env: benchEnvironment });
  const { latency, acknowledged } = await load(platform.mqttPort, 2_000);
  const broker = platform.pid('broker')!;
  const details = {
    acknowledged,
    ...latencyFigures(latency),
    brokerResidentMiB: residentBytes(broker) / 1_048_576,
    brokerCpuMs: cpuMs(broker),
    ingestCpuMs: cpuMs(platform.pid('ingest')!),
  };
  await platform.stop();
  return {
    name: 'PUBACK at 2,000/s, all services running',
    measured: `p50 ${details.p50Ms.toFixed(1)} ms, p99 ${details.p99Ms.toFixed(1)} ms`,
    bar: 'p99 < 20 ms',
    met: details.p99Ms < 20,
    details,
  };
}
