import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { runLoad } from '../device-sim/src/load/run-load.ts';
import { verifyLedger } from '../device-sim/src/verify/verify-ledger.ts';
import { chanceOf } from '../device-sim/src/world/chance.ts';
import { type Platform, type Service, startPlatform } from './platform.ts';

let platform: Platform | undefined;
afterEach(() => platform?.stop());

const rounds = 20;
const doors = Array.from({ length: 8 }, (_, index) => ({
  key: `s${index}/door-1`,
  secret: `secret-of-the-door-counter-${index}`,
}));
const district = `
district: { name: 测试区, zone: Asia/Shanghai }
units: [{ id: u1, name: 一街道, type: 街道 }]
stations:
${doors.map(({ secret }, index) => `  - { id: s${index}, unit: u1, name: 驿站${index}, devices: [{ id: door-1, kind: door-counter, secret: ${secret} }] }`).join('\n')}
`;

it(`loses no acknowledged reading and counts none twice in ${rounds} rounds of SIGKILL of broker, ingest or both under load`, async () => {
  platform = await startPlatform({ district, env: { MAX_PUBLISHES_PER_SECOND: '100000' } });
  const { mqttPort, url, adminPassword, kill, start } = platform;
  const stopLoad = new AbortController();
  const load = runLoad({
    port: mqttPort,
    logins: doors.map(({ key, secret }) => ({ login: key, secret, devices: [key] })),
    rate: 800,
    seconds: 300,
    inFlight: 20,
    session: 'kill',
    signal: stopLoad.signal,
  });
  const chance = chanceOf('kill test');
  const victims: Service[][] = [['broker'], ['ingest'], ['broker', 'ingest']];
  for (let round = 0; round < rounds; round += 1) {
    await sleep(100 + chance.next() * 500);
    const dead = victims[Math.floor(chance.next() * victims.length)]!;
    await Promise.all(dead.map((service) => kill(service, 'SIGKILL')));
    await sleep(chance.next() * 200);
    for (const service of dead) await start(service);
  }
  stopLoad.abort();
  const { acknowledged, unacknowledged, ledger } = await load;
  expect(unacknowledged).toBe(0);
  expect(acknowledged).toBeGreaterThan(3_000);

  const outcome = await verifyLedger({
    url,
    user: 'admin',
    password: adminPassword,
    ledger,
    withinMs: 60_000,
  });
  console.log(`kill test: ${acknowledged} acknowledged, ${outcome.missing} missing, ${outcome.twice} twice`);
  expect(outcome).toMatchObject({ missing: 0, twice: 0, wrongTotals: [] });
}, 180_000);
