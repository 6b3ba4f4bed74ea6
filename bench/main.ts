/**
 * `npm run bench [-- intake puback whole-way]`: the figures of DESIGN 6 that this version measures, mosquitto beside ours in the same run.
 * Environment: BENCH_SECONDS (10) per measurement, BENCH_PAIRS (7).
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadResult, runLoad } from '../device-sim/src/load/run-load.ts';
import { openDatabaseForReading } from '../shared/src/runtime/sqlite.ts';
import { startPlatform } from '../test/platform.ts';
import { startMosquitto } from './mosquitto.ts';
import { cpuMs, residentBytes } from './process-usage.ts';
import { type Figure, median, printFigures } from './report.ts';
import { startSubscriber } from './subscriber.ts';
import { benchDistrict, benchEnvironment, benchLogins } from './world.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);
const pairs = Number(process.env['BENCH_PAIRS'] ?? 7);
const rows: Record<string, () => Promise<Figure>> = { intake, puback, 'whole-way': wholeWay };

let session = 0;
function load(port: number, rate: number): Promise<LoadResult> {
  session += 1;
  return runLoad({
    port,
    logins: benchLogins(),
    rate,
    seconds,
    inFlight: 20,
    session: `bench-${session}`,
    spreadAddresses: true,
  });
}

/** Rate at which mosquitto delivers the same messages to one QoS 1 subscriber, messages/s. */
async function mosquittoRate(port: number): Promise<number> {
  const subscriber = await startSubscriber(port, '#');
  const startMs = performance.now();
  await load(port, 0);
  const delivered = subscriber.count();
  const rate = delivered / ((performance.now() - startMs) / 1_000);
  await subscriber.stop();
  return rate;
}

async function intake(): Promise<Figure> {
  const measured: { ours: number; mosquitto: number | null }[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const platform = await startPlatform({
      services: ['broker'],
      district: benchDistrict,
      env: benchEnvironment,
    });
    const result = await load(platform.mqttPort, 0);
    await platform.stop();
    const mosquitto = await startMosquitto();
    const other = mosquitto === undefined ? null : await mosquittoRate(mosquitto.port);
    await mosquitto?.stop();
    measured.push({
      ours: Math.round(result.acknowledged / result.seconds),
      mosquitto: other === null ? null : Math.round(other),
    });
  }
  const ratios = measured.flatMap(({ ours, mosquitto }) => (mosquitto === null ? [] : [ours / mosquitto]));
  const ratio = ratios.length === 0 ? null : median(ratios);
  const rate = median(measured.map(({ ours }) => ours));
  return {
    name: 'durable intake, QoS 1',
    measured: `${Math.round(rate)}/s, ${ratio === null ? 'mosquitto is not installed' : `${ratio.toFixed(2)} x mosquitto`}`,
    bar: '>= 1 x mosquitto, plain QoS 1 to one subscriber',
    met: ratio === null ? null : ratio >= 1,
    details: { pairs: measured, seconds },
  };
}

async function puback(): Promise<Figure> {
  const platform = await startPlatform({ district: benchDistrict, env: benchEnvironment });
  const { latency, acknowledged } = await load(platform.mqttPort, 2_000);
  const broker = platform.pid('broker')!;
  const details = {
    acknowledged,
    p50Ms: latency.percentile(0.5),
    p99Ms: latency.percentile(0.99),
    maxMs: latency.max,
    brokerResidentMiB: residentBytes(broker) / 1_048_576,
    brokerCpuMs: cpuMs(broker),
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

async function wholeWay(): Promise<Figure> {
  const platform = await startPlatform({ district: benchDistrict, env: benchEnvironment });
  const startMs = performance.now();
  const { acknowledged } = await load(platform.mqttPort, 0);
  const db = openDatabaseForReading(join(platform.dataDir, 'telemetry.db'));
  const count = db?.prepare('SELECT count(*) AS n FROM reading');
  while (Number(count?.get()?.['n'] ?? 0) < acknowledged) await sleep(100);
  const took = (performance.now() - startMs) / 1_000;
  db?.close();
  const usage = {
    brokerCpuMs: cpuMs(platform.pid('broker')!),
    ingestCpuMs: cpuMs(platform.pid('ingest')!),
    ingestResidentMiB: residentBytes(platform.pid('ingest')!) / 1_048_576,
  };
  await platform.stop();
  const rate = acknowledged / took;
  const mosquitto = await startMosquitto();
  const other = mosquitto === undefined ? null : await mosquittoRate(mosquitto.port);
  await mosquitto?.stop();
  const ratio = other === null ? null : rate / other;
  return {
    name: 'the whole way, device to readable row',
    measured: `${Math.round(rate)}/s, ${ratio === null ? 'mosquitto is not installed' : `${ratio.toFixed(2)} x mosquitto`}`,
    bar: '>= 0.45 x mosquitto, plain QoS 1 to one subscriber',
    met: ratio === null ? null : ratio >= 0.45,
    details: { acknowledged, seconds: took, mosquitto: other, ...usage },
  };
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in rows));
if (unknown.length > 0) {
  console.error(`bench: "${unknown.join(' ')}" is no row; there are ${Object.keys(rows).join(', ')}.`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(rows)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`bench: ${name} ...`);
  figures.push(await measure());
}
printFigures(figures);
