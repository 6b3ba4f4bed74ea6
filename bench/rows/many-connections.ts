import { setTimeout as sleep } from 'node:timers/promises';
import { startPlatform } from '../../test/platform.ts';
import { residentBytes } from '../process-usage.ts';
import { registerDistrict } from '../registered-district.ts';
import { type Figure, latencyFigures } from '../report.ts';
import { openSteadyLoad } from '../steady-load.ts';
import { benchEnvironment } from '../world.ts';

const count = 10_000;
const rate = 1_000;
const giveUpAfterMs = 120_000;

/** 10,000 devices with their own logins at 1,000 messages/s; then the broker is killed and all come back at once. */
export async function manyConnections(): Promise<Figure[]> {
  const platform = await startPlatform({ services: [], env: benchEnvironment });
  const { logins } = await registerDistrict(platform.dataDir, {
    stations: count / 10,
    devicesEach: 10,
    perDevice: true,
  });
  await platform.start('broker');
  const connecting = performance.now();
  const load = await openSteadyLoad({ port: platform.mqttPort, logins, session: 'many' });
  const connectSeconds = (performance.now() - connecting) / 1_000;
  const settled = performance.now() + 10_000;
  await load.offer(rate, () => performance.now() > settled);
  const residentMiB = residentBytes(platform.pid('broker')!) / 1_048_576;
  const quiet = latencyFigures(load.takeLatency());

  const killedAt = performance.now();
  let backAt: number | undefined;
  const offering = load.offer(rate, () => {
    const now = performance.now();
    if (backAt === undefined && now - killedAt > 1_000 && load.connected() === count) backAt = now;
    return backAt !== undefined ? now > backAt + 1_000 : now > killedAt + giveUpAfterMs;
  });
  await platform.kill('broker', 'SIGKILL');
  await sleep(1);
  load.takeLatency();
  await platform.start('broker');
  const acknowledged = await offering;
  const meanwhile = latencyFigures(load.takeLatency());
  const backSeconds = ((backAt ?? Number.POSITIVE_INFINITY) - killedAt) / 1_000;
  const afterMiB = residentBytes(platform.pid('broker')!) / 1_048_576;
  load.close();
  await platform.stop();
  return [
    {
      name: `${count} connected devices, ${rate}/s`,
      measured: `broker ${residentMiB.toFixed(0)} MiB`,
      bar: '< 400 MB',
      met: residentMiB * 1.048576 < 400,
      details: { residentMiB, connectSeconds, ...quiet },
    },
    {
      name: 'all reconnecting after a broker kill',
      measured: `back in ${backSeconds.toFixed(1)} s, PUBACK p99 ${meanwhile.p99Ms.toFixed(0)} ms`,
      bar: 'all back in < 30 s, PUBACK p99 < 500 ms meanwhile',
      met: backSeconds < 30 && meanwhile.p99Ms < 500,
      details: { backSeconds, acknowledged, afterMiB, ...meanwhile },
    },
  ];
}
