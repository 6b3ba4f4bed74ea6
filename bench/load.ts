import { type LoadResult, runLoad } from '../device-sim/src/load/run-load.ts';
import { startMosquitto } from './mosquitto.ts';
import { startSubscriber } from './subscriber.ts';
import { benchLogins } from './world.ts';

/** Length of one measurement, s, and how many pairs of measurements a ratio is the median of. */
export const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);
export const pairs = Number(process.env['BENCH_PAIRS'] ?? 7);

let session = 0;

/** A session that no load of this run had before. */
export function nextSession(): string {
  session += 1;
  return `bench-${session}`;
}

/** The load of DESIGN 6: 100 publishers, 180 devices, 217 bytes, at most 20 in flight each. `rate` 0 = as fast as it goes, messages/s. */
export function load(port: number, rate: number, forSeconds = seconds): Promise<LoadResult> {
  return runLoad({
    port,
    logins: benchLogins(),
    rate,
    seconds: forSeconds,
    inFlight: 20,
    session: nextSession(),
    spreadAddresses: true,
  });
}

/** Rate at which mosquitto delivers the same load to one QoS 1 subscriber, messages/s; `undefined` when it is not installed. */
export async function mosquittoRate(): Promise<number | undefined> {
  const mosquitto = await startMosquitto();
  if (mosquitto === undefined) return undefined;
  const subscriber = await startSubscriber(mosquitto.port, '#');
  const startMs = performance.now();
  await load(mosquitto.port, 0);
  const delivered = subscriber.count();
  const rate = delivered / ((performance.now() - startMs) / 1_000);
  await subscriber.stop();
  await mosquitto.stop();
  return Math.round(rate);
}
