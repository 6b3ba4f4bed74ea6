import { join } from 'node:path';
import { readSimulatorSecrets } from '@waystation/shared/registry/demo-district';
import { brokerUrl } from '@waystation/shared/runtime/broker-address';
import { loadConfig } from '@waystation/shared/runtime/config';
import { numberOption, parseOptions, usage } from '../command-line.ts';
import * as recording from '../replay/recording.ts';
import { type Command, say } from './command.ts';
import { readSecretsFile } from './secrets-file.ts';

export const record: Command = {
  name: 'record',
  summary: 'write the readings that the journal holds as JSON lines',
  help: `record FILE

Reads DATA_DIR/journal; the platform may be running.`,
  async run(args) {
    const { words } = parseOptions(args, []);
    const file = onlyFile(words, 'record');
    say(`recorded ${await recording.record(join(loadConfig().dataDir, 'journal'), file)} messages`);
  },
};

export const replay: Command = {
  name: 'replay',
  summary: 'play a recording again, each message by the login that sent it',
  help: `replay FILE [--speed 1] [--secrets FILE]

  --speed 10       ten times as fast as it was
  --secrets FILE   {"login": "secret"} (default: those of the demo district in DATA_DIR)`,
  async run(args) {
    const { words, options } = parseOptions(args, ['speed', 'secrets']);
    const file = onlyFile(words, 'replay');
    const config = loadConfig();
    const given = options.get('secrets');
    const secrets = given === undefined ? readSimulatorSecrets(config.dataDir) : readSecretsFile(given);
    const speed = numberOption(options, 'speed', 1, 0.001, 1_000_000);
    const secretOf = (login: string) => secrets[login];
    say(`replayed ${await recording.replay(file, { url: brokerUrl(config), speed, secretOf })} messages`);
  },
};

function onlyFile(words: readonly string[], command: string): string {
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) throw usage(`${command} needs one FILE.`);
  return file;
}
