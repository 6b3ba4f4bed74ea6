import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { runLoad } from '../device-sim/src/load/run-load.ts';
import { verifyLedger } from '../device-sim/src/verify/verify-ledger.ts';
import { errorCode } from '../shared/src/runtime/errors.ts';
import { readStatuses } from '../shared/src/runtime/status-file.ts';
import { eventually, type Platform, startPlatform } from './platform.ts';

const secret = 'a-secret-for-the-door-counter';
const district = `
district: { name: 测试区 }
units: [{ id: u1, name: 一街道, type: 街道 }]
stations: [{ id: s1, unit: u1, name: 一号, devices: [{ id: door-1, kind: door-counter, secret: ${secret} }] }]
`;

let platform: Platform | undefined;
let mounted: string | undefined;
afterEach(async () => {
  await platform?.stop();
  if (mounted !== undefined) spawnSync('umount', [mounted]);
});

/** Writes until not a byte more fits. */
function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (let size = 1 << 20; size >= 1; ) {
      try {
        writeSync(handle, Buffer.alloc(size));
      } catch (thrown) {
        if (errorCode(thrown) !== 'ENOSPC') throw thrown;
        size >>= 1;
      }
    }
  } finally {
    closeSync(handle);
  }
}

it('acknowledges nothing while the disk is full, goes on by itself when there is room, and loses nothing', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'waystation-full-'));
  const journal = join(dataDir, 'journal');
  mkdirSync(journal);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', journal]).status !== 0) {
    process.stderr.write(
      'skipped: a small tmpfs may not be mounted here; the journal tests inject the same write errors\n',
    );
    return;
  }
  mounted = journal;
  platform = await startPlatform({ district, dataDir, env: { MAX_PUBLISHES_PER_SECOND: '100000' } });
  const brokerState = () => readStatuses(dataDir).find(({ service }) => service === 'broker');
  const stopLoad = new AbortController();
  const load = runLoad({
    port: platform.mqttPort,
    logins: [{ login: 's1/door-1', secret, devices: ['s1/door-1'] }],
    rate: 500,
    seconds: 60,
    inFlight: 20,
    session: 'full',
    signal: stopLoad.signal,
  });
  await sleep(1_000);
  const filler = join(journal, 'filler');
  fill(filler);
  await eventually(() => expect(brokerState()).toMatchObject({ state: 'failed' }), 10_000);
  expect(brokerState()?.problems[0]?.fix).toContain('room');
  const refusedAt = brokerState()?.metrics['waystation_broker_accepted'];
  await sleep(1_500);
  expect(brokerState()?.metrics['waystation_broker_accepted']).toBe(refusedAt);
  rmSync(filler);
  await eventually(() => expect(brokerState()).toMatchObject({ state: 'ok' }), 15_000);
  stopLoad.abort();
  const { unacknowledged, ledger } = await load;
  expect(unacknowledged).toBe(0);
  const { url, adminPassword } = platform;
  expect(
    await verifyLedger({ url, user: 'admin', password: adminPassword, ledger, withinMs: 30_000 }),
  ).toMatchObject({ missing: 0, twice: 0, wrongTotals: [] });
}, 90_000);
