import { type Service, services, startPlatform } from '../../test/platform.ts';
import { seconds } from '../load.ts';
import { takenIn, writePast } from '../past.ts';
import { cpuMs, residentBytes } from '../process-usage.ts';
import { registerDistrict } from '../registered-district.ts';
import { type Figure, latencyFigures } from '../report.ts';
import { openSteadyLoad } from '../steady-load.ts';
import { benchEnvironment } from '../world.ts';

const rate = 2_000;
const hours = 24;
const devicesEach = 10;
/** Long enough that at 2,000 stations every device has sent once; at 20,000 each message is the first of its device since the preloaded ones. */
const warmUpSeconds = 12;
/** A process may have 20,000 files open here: of 20,000 stations every second one is connected. */
const maxConnections = 10_000;

/** CPU of all services for one message at 2,000 messages/s, with 18, 2,000 and 20,000 stations that already have a day of data. */
export async function manyStations(): Promise<Figure[]> {
  const small = await cpuPerMessage(18);
  const figures: Figure[] = [];
  for (const [stations, maxRatio] of [
    [2_000, 1.5],
    [20_000, 3],
  ] as const) {
    const large = await cpuPerMessage(stations);
    const ratio = large.cpuUs / small.cpuUs;
    figures.push({
      name: `CPU per message, ${stations} stations against 18`,
      measured: `${ratio.toFixed(2)} x (${large.cpuUs.toFixed(0)} us against ${small.cpuUs.toFixed(0)} us)`,
      bar: `<= ${maxRatio} x, tables preloaded with 24 h`,
      met: ratio <= maxRatio,
      details: { small, large },
    });
  }
  return figures;
}

async function cpuPerMessage(stations: number) {
  const env = { ...benchEnvironment, MAX_CONNECTIONS: '30000' };
  const platform = await startPlatform({ services: [], env });
  const { dataDir } = platform;
  const { revision, logins: all } = await registerDistrict(dataDir, { stations, devicesEach });
  const devices = all.flatMap((login) => login.devices);
  const logins = all.filter((_, index) => index % Math.ceil(stations / maxConnections) === 0);
  const offset = await writePast(dataDir, { revision, devices, days: hours / 24, everyMs: 3_600_000 });
  await platform.start('ingest');
  await takenIn(dataDir, offset, console.log);
  await platform.start('broker');
  await platform.start('dashboard');
  const last = { seq: hours, in: hours * 2, out: hours * 2 };
  const load = await openSteadyLoad({ port: platform.mqttPort, logins, session: 'past', from: last });
  const warm = performance.now() + warmUpSeconds * 1_000;
  await load.offer(rate, () => performance.now() > warm);
  load.takeLatency();
  const used = () => services.map((service) => [service, cpuMs(platform.pid(service)!)] as [Service, number]);
  const before = new Map(used());
  const end = performance.now() + Math.max(seconds, 20) * 1_000;
  const acknowledged = await load.offer(rate, () => performance.now() > end);
  const perService = Object.fromEntries(
    used().map(([service, ms]) => [service, ((ms - before.get(service)!) / acknowledged) * 1_000]),
  );
  const latency = latencyFigures(load.takeLatency());
  const ingestResidentMiB = residentBytes(platform.pid('ingest')!) / 1_048_576;
  load.close();
  await platform.stop();
  const cpuUs = Object.values(perService).reduce((sum, each) => sum + each, 0);
  return { stations, cpuUs, perService, acknowledged, ingestResidentMiB, ...latency };
}
