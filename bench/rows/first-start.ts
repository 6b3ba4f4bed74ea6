import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, root } from '../../test/platform.ts';
import type { Figure } from '../report.ts';
import { isServing } from '../serving.ts';

const giveUpAfterMs = 300_000;

/** Clean clone, empty npm cache: `npm start` until 18 simulated stations have figures. Measures the network to the npm registry as well. */
export async function firstStart(): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'waystation-first-start-'));
  const clone = spawnSync('git', ['clone', '--quiet', root, join(folder, 'clone')], { encoding: 'utf8' });
  if (clone.status !== 0) throw new Error(`git clone: ${clone.stderr}`);
  const [http, mqtt, ws] = await freePorts(3);
  const adminPassword = 'bench-first-start';
  const env = {
    ...process.env,
    // The shell of a new machine: neither our Node nor our packages.
    PATH: (process.env['PATH'] ?? '')
      .split(':')
      .filter((each) => !each.includes('node_modules'))
      .join(':'),
    npm_config_cache: join(folder, 'npm-cache'),
    DATA_DIR: join(folder, 'data'),
    HTTP_PORT: String(http),
    MQTT_PORT: String(mqtt),
    MQTT_WS_PORT: String(ws),
    ADMIN_PASSWORD: adminPassword,
  };
  const startedAt = performance.now();
  const child = spawn('npm', ['start'], { cwd: join(folder, 'clone'), env, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const address = { url: `http://127.0.0.1:${http}`, mqttPort: mqtt!, adminPassword };
  while (!(await isServing(address, 18)) && performance.now() - startedAt < giveUpAfterMs) await sleep(250);
  const took = (performance.now() - startedAt) / 1_000;
  child.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
  return {
    name: 'first npm start: clean clone to 18 live stations',
    measured: `${took.toFixed(0)} s`,
    bar: '< 90 s',
    met: took < 90,
    details: { took },
  };
}
