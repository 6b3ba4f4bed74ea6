import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSimulatorSecrets } from '@waystation/shared/registry/demo-district';
import { loadConfig } from '@waystation/shared/runtime/config';
import { createLifecycle } from '@waystation/shared/runtime/lifecycle';
import { createLog } from '@waystation/shared/runtime/log';
import { runService } from '@waystation/shared/runtime/process';
import { zoneOf } from '@waystation/shared/runtime/zone';
import { z } from 'zod';
import { durationOption, needed, numberOption, type Options, parseOptions, usage } from './command-line.ts';
import type { DeviceFaults } from './devices/device-faults.ts';
import { createFleet } from './fleet/fleet.ts';
import { readLedger, writeLedger } from './load/ledger.ts';
import { runLoad } from './load/run-load.ts';
import { parseCountFile } from './replay/count-file.ts';
import { record, replay } from './replay/recording.ts';
import { replayCounts } from './replay/replay-counts.ts';
import { verifyLedger } from './verify/verify-ledger.ts';

export const help = `npm run sim -- COMMAND

  fleet [--history 28d]  run the devices of the demo district live, and send the days before as late data (npm start does it);
                         faults of every device: [--miss S] [--double S] [--swap 1] [--silent S] [--reboot-every 6h] [--clock-error 90s]
                         [--clock-behind 90s] [--duplicate S] [--disorder S] [--buffer 1h] [--broken S]; S is a share from 0 to 1
  load --secrets FILE [--rate N] [--connections C] [--in-flight K] [--seconds S] [--ledger FILE] [--session NAME]
                         publish door counts as fast as asked (--rate 0: as fast as it goes); FILE: {"station/device": "secret"}
  verify --ledger FILE --password P [--user admin] [--url URL] [--within 60s]
                         compare what the platform answers with the ledger: nothing lost, nothing twice, totals equal
  record FILE            write the readings in the journal as JSON lines; replay FILE [--speed 1] [--secrets FILE] plays them again
  replay-counts FILE --zone Z --station S --device D [--secret X] [--shuffle-within 1h] [--duplicate 0.1] [--seed N]
                         play counts per interval through the broker, with the login S:replay

DATA_DIR and MQTT_PORT say where the platform is.`;

const say = (line: string) => void process.stdout.write(`${line}\n`);
const ms = (value: number) => `${value.toFixed(1)} ms`;

/** `fleet`. */
export async function fleetCommand(args: readonly string[]): Promise<void> {
  const { options } = parseOptions(args, ['history', ...faultOptions]);
  const historyDays = Math.floor(durationOption(options, 'history', 0) / 86_400_000);
  const config = loadConfig();
  const log = createLog({ service: 'simulator', level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  const fleet = createFleet(config, log, historyDays, faultsOf(options));
  await runService(
    createLifecycle([{ name: 'fleet', start: () => fleet.start(), stop: () => fleet.stop() }], log, 1_400),
    log,
  );
}

const faultOptions = [
  'miss',
  'double',
  'swap',
  'silent',
  'reboot-every',
  'clock-error',
  'clock-behind',
  'duplicate',
  'disorder',
  'buffer',
  'broken',
];

function faultsOf(options: Options): DeviceFaults {
  const share = (name: string) => numberOption(options, name, 0, 0, 1);
  return {
    missShare: share('miss'),
    doubleShare: share('double'),
    swap: share('swap') === 1,
    silentShare: share('silent'),
    rebootEveryMs: durationOption(options, 'reboot-every', 0),
    clockErrorMs: durationOption(options, 'clock-error', 0) - durationOption(options, 'clock-behind', 0),
    duplicateShare: share('duplicate'),
    disorderShare: share('disorder'),
    bufferMs: durationOption(options, 'buffer', 0),
    brokenShare: share('broken'),
  };
}

/** `record`. */
export async function recordCommand(args: readonly string[]): Promise<void> {
  const { words } = parseOptions(args, []);
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) throw usage('record needs one FILE.');
  say(`recorded ${await record(join(loadConfig().dataDir, 'journal'), file)} messages`);
}

/** `replay`. */
export async function replayCommand(args: readonly string[]): Promise<void> {
  const { words, options } = parseOptions(args, ['speed', 'secrets']);
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) throw usage('replay needs one FILE.');
  const config = loadConfig();
  const given = options.get('secrets');
  const secrets = given === undefined ? readSimulatorSecrets(config.dataDir) : readSecrets(given);
  const speed = numberOption(options, 'speed', 1, 0.001, 1_000_000);
  say(
    `replayed ${await replay(file, { port: config.MQTT_PORT, speed, secretOf: (login) => secrets[login] })} messages`,
  );
}

function readSecrets(file: string): Record<string, string> {
  return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** `load`. */
export async function loadCommand(args: readonly string[]): Promise<void> {
  const { options } = parseOptions(args, [
    'secrets',
    'rate',
    'connections',
    'in-flight',
    'seconds',
    'ledger',
    'session',
  ]);
  const secrets = z
    .record(z.string(), z.string())
    .parse(JSON.parse(readFileSync(needed(options, 'secrets'), 'utf8')));
  const doors = Object.entries(secrets).filter(([login]) => login.includes('/'));
  const count = numberOption(options, 'connections', doors.length, 1, 50_000);
  if (doors.length < count)
    throw usage(`the secrets hold ${doors.length} device logins, --connections asks for ${count}.`);
  const result = await runLoad({
    port: loadConfig().MQTT_PORT,
    logins: doors.slice(0, count).map(([login, secret]) => ({ login, secret, devices: [login] })),
    rate: numberOption(options, 'rate', 1_000, 0, 1_000_000),
    seconds: numberOption(options, 'seconds', 10, 0.1, 86_400),
    inFlight: numberOption(options, 'in-flight', 20, 1, 1_000),
    session: options.get('session') ?? `load-${Date.now().toString(36)}`,
    spreadAddresses: true,
  });
  const file = options.get('ledger');
  if (file !== undefined) writeLedger(file, result.ledger);
  const { sent, acknowledged, unacknowledged, seconds, latency } = result;
  say(
    `sent ${sent}, acknowledged ${acknowledged} (${Math.round(acknowledged / seconds)}/s), not acknowledged ${unacknowledged}`,
  );
  say(
    `PUBACK p50 ${ms(latency.percentile(0.5))}, p99 ${ms(latency.percentile(0.99))}, longest ${ms(latency.max)}`,
  );
  process.exitCode = unacknowledged === 0 ? 0 : 1;
}

/** `verify`. */
export async function verifyCommand(args: readonly string[]): Promise<void> {
  const { options } = parseOptions(args, ['ledger', 'url', 'user', 'password', 'within']);
  const config = loadConfig();
  const outcome = await verifyLedger({
    url: options.get('url') ?? `http://${config.HOST}:${config.HTTP_PORT}`,
    user: options.get('user') ?? 'admin',
    password: needed(options, 'password'),
    ledger: readLedger(needed(options, 'ledger')),
    withinMs: durationOption(options, 'within', 60_000),
  });
  say(
    `acknowledged ${outcome.acknowledged}, stored ${outcome.stored}, missing ${outcome.missing}, twice ${outcome.twice}`,
  );
  for (const line of outcome.wrongTotals) say(`totals differ: ${line}`);
  say(outcome.ok ? 'nothing lost, nothing twice, totals equal' : 'NOT equal');
  process.exitCode = outcome.ok ? 0 : 1;
}

/** `replay-counts`. */
export async function replayCountsCommand(args: readonly string[]): Promise<void> {
  const { words, options } = parseOptions(args, [
    'zone',
    'station',
    'device',
    'secret',
    'shuffle-within',
    'duplicate',
    'seed',
  ]);
  const [path, ...more] = words;
  if (path === undefined || more.length > 0) throw usage('replay-counts needs one FILE.');
  const config = loadConfig();
  const station = needed(options, 'station');
  const secret = options.get('secret') ?? readSimulatorSecrets(config.dataDir)[`${station}:replay`];
  if (secret === undefined)
    throw usage(
      `no secret of ${station}:replay: make one with "npm run admin -- login replay ${station}" and give it with --secret.`,
    );
  const file = parseCountFile(readFileSync(path, 'utf8'), zoneOf(needed(options, 'zone')));
  const sent = await replayCounts(file, {
    port: config.MQTT_PORT,
    station,
    device: needed(options, 'device'),
    secret,
    shuffleWithinMs: durationOption(options, 'shuffle-within', 0),
    duplicateShare: numberOption(options, 'duplicate', 0, 0, 1),
    seed: options.get('seed') ?? '1',
    progress: (done, total) =>
      done === total || done % 1_000 === 0 ? say(`${done} of ${total} readings acknowledged`) : undefined,
  });
  say(`played ${file.rows.length} intervals in ${sent} readings`);
}
