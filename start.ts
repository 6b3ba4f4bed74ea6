/**
 * `npm start`: everything on this machine with one command. Checks the settings and the ports, builds the web app when it changed,
 * makes the demo district while no station was imported, and keeps broker, ingest, dashboard (and the demo's simulator) alive.
 */
import { join } from 'node:path';
import { ensureWebApp } from './dashboard/src/web-build.ts';
import { ensureDemoDistrict } from './shared/src/registry/demo-district.ts';
import { openRegistryReader } from './shared/src/registry/registry-reader.ts';
import { type Config, loadConfig } from './shared/src/runtime/config.ts';
import { errorLine } from './shared/src/runtime/errors.ts';
import { checkPorts } from './shared/src/runtime/ports.ts';
import { exitConfiguration, failStart } from './shared/src/runtime/process.ts';
import { createSupervisor, type Program, type Supervisor } from './shared/src/runtime/supervisor.ts';

/** How much past the demo shows, so that trends are not empty on the first day. */
const demoHistory = '28d';
/** How often a first real station is looked for while the demo runs. */
const importPollMs = 2_000;
/** Intake stops first, then the journal drains into the state, then the pages close. Together within 10 s. */
const stopOrder = ['simulator', 'broker', 'ingest', 'dashboard'];

const colors: Record<string, string> = {
  waystation: '1',
  broker: '36',
  ingest: '35',
  dashboard: '32',
  simulator: '33',
};

function say(source: string, line: string): void {
  const name = source.padEnd(10);
  process.stdout.write(
    process.stdout.isTTY ? `\x1b[${colors[source] ?? '0'}m${name}\x1b[0m ${line}\n` : `${name} ${line}\n`,
  );
}

function programs(config: Config, dataDir: string, demo: boolean): Program[] {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    DATA_DIR: dataDir,
    SECRET_KEY_FILE: process.env['SECRET_KEY_FILE'] ?? join(dataDir, 'secret.key'),
    LOG_FORMAT: process.env['LOG_FORMAT'] ?? 'pretty',
  };
  const service = (name: string, main: string, stopWithinMs: number, ...arguments_: string[]): Program => ({
    name,
    main: join(import.meta.dirname, main),
    arguments: arguments_,
    env,
    stopWithinMs,
  });
  const all = [
    service('broker', 'broker/src/main.ts', 3_000),
    service('ingest', 'ingest/src/main.ts', 3_000),
    service('dashboard', 'dashboard/src/main.ts', 1_500),
  ];
  if (demo)
    all.push(service('simulator', 'device-sim/src/main.ts', 1_500, 'fleet', '--history', demoHistory));
  say(
    'waystation',
    `data in ${dataDir}${demo ? ' (demo district; import a district file to leave it)' : ''}`,
  );
  say('waystation', `devices connect to mqtt://${config.MQTT_HOST}:${config.MQTT_PORT}`);
  return all;
}

async function stationCount(dataDir: string): Promise<number> {
  const reader = openRegistryReader(dataDir);
  try {
    return (await reader.loadSnapshot()).stations.size;
  } finally {
    reader.close();
  }
}

async function main(): Promise<void> {
  const config = loadConfig();
  await checkPorts([
    { variable: 'HTTP_PORT', host: config.HOST, port: config.HTTP_PORT },
    { variable: 'MQTT_PORT', host: config.MQTT_HOST, port: config.MQTT_PORT },
    { variable: 'MQTT_WS_PORT', host: config.MQTT_HOST, port: config.MQTT_WS_PORT },
    ...(config.MQTTS_PORT === undefined
      ? []
      : [{ variable: 'MQTTS_PORT', host: config.MQTT_HOST, port: config.MQTTS_PORT }]),
  ]);

  let supervisor: Supervisor | undefined;
  let importPoll: NodeJS.Timeout | undefined;
  let ending = false;
  const end = async (code: number) => {
    if (ending) return;
    ending = true;
    clearInterval(importPoll);
    say('waystation', 'stopping ...');
    await supervisor?.stop();
    say('waystation', 'stopped');
    process.exit(code);
  };
  process.on('SIGINT', () => void end(0));
  process.on('SIGTERM', () => void end(0));
  process.on('SIGHUP', () => void end(0));

  await ensureWebApp((line) => process.stdout.write(`${line}\n`));

  const run = async (demo: boolean) => {
    const dataDir = demo ? (await ensureDemoDistrict(config.dataDir)).demoDataDir : config.dataDir;
    if (ending) return;
    supervisor = createSupervisor({
      programs: programs(config, dataDir, demo),
      stopOrder,
      say,
      onGiveUp: (program) => {
        say('waystation', `${program} refused to start; its line stands above`);
        void end(exitConfiguration);
      },
    });
    await supervisor.start();
    say('waystation', `ready: open ${config.PUBLIC_URL ?? `http://${config.HOST}:${config.HTTP_PORT}`}`);
  };

  const demo = config.DEMO === 'auto' && (await stationCount(config.dataDir)) === 0;
  await run(demo);
  if (!demo) return;

  let looking = false;
  importPoll = setInterval(() => {
    if (looking || ending) return;
    looking = true;
    void (async () => {
      try {
        if ((await stationCount(config.dataDir)) === 0) return;
        clearInterval(importPoll);
        say('waystation', 'stations were imported: leaving the demo district');
        await supervisor?.stop();
        await run(false);
      } catch (thrown) {
        say('waystation', `cannot look for imported stations: ${errorLine(thrown)}`);
      } finally {
        looking = false;
      }
    })();
  }, importPollMs);
}

main().catch(failStart);
