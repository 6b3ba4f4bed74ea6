import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureWebApp } from '../../dashboard/src/web-build.ts';
import { root, startPlatform } from '../../test/platform.ts';
import { takenIn, writePast } from '../past.ts';
import { registerDistrict } from '../registered-district.ts';
import { type Figure, median } from '../report.ts';
import { isServing } from '../serving.ts';
import { benchEnvironment } from '../world.ts';

const starts = 3;

/** `npm start` on the data of 18 stations and a year to a station list with its figures and an open MQTT port. */
export async function startWithAYear(): Promise<Figure> {
  await ensureWebApp(() => undefined);
  const platform = await startPlatform({ services: [], env: benchEnvironment });
  const { revision, logins } = await registerDistrict(platform.dataDir, { stations: 18, devicesEach: 10 });
  const devices = logins.flatMap((login) => login.devices);
  const offset = await writePast(platform.dataDir, { revision, devices, days: 365, everyMs: 900_000 });
  await platform.start('ingest');
  await takenIn(platform.dataDir, offset, console.log);
  await platform.kill('ingest', 'SIGTERM');
  const took: number[] = [];
  for (let start = 0; start < starts; start += 1) {
    const startedAt = performance.now();
    const child = spawn('npm', ['start'], { cwd: root, env: platform.env, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (!(await isServing(platform, 18))) await sleep(20);
    took.push((performance.now() - startedAt) / 1_000);
    child.kill('SIGTERM');
    await ended;
  }
  await platform.stop();
  const readings = devices.length * 365 * 96;
  return {
    name: 'npm start to serving, a year of 18 stations',
    measured: `${median(took).toFixed(1)} s (${took.map((each) => each.toFixed(1)).join(', ')})`,
    bar: '< 3 s',
    met: median(took) < 3,
    details: { took, readings, note: 'files in the page cache' },
  };
}
