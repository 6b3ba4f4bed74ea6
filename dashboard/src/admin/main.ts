import { join, resolve } from 'node:path';
import { loadConfig } from '@waystation/shared/runtime/config';
import { failStart } from '@waystation/shared/runtime/process';
import { backup, restore } from './backup.ts';
import { changeDevice, changeUser, importFile, makeReplayLogin } from './registry-commands.ts';
import { help, parseCommandLine, usageError } from './usage.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function run(args: readonly string[]): Promise<void> {
  const line = parseCommandLine(args);
  const [command, first, second, ...more] = line.words;
  if (line.flags.has('help') || command === undefined) return say(help);
  if (more.length > 0) throw usageError(`"${more.join(' ')}" is too much.`);
  const config = loadConfig();
  const dataDir = line.flags.has('demo') ? join(config.dataDir, 'demo') : config.dataDir;
  const keyFile = process.env['SECRET_KEY_FILE'] ? config.secretKeyFile : join(dataDir, 'secret.key');
  const needed = (value: string | undefined, name: string): string => {
    if (value === undefined) throw usageError(`${command} needs ${name}.`);
    return value;
  };
  switch (command) {
    case 'import':
      return importFile(dataDir, needed(first, 'FILE'), say);
    case 'device':
      return changeDevice(dataDir, first, needed(second, 'STATION/DEVICE'), line, say);
    case 'user':
      return changeUser(dataDir, first, needed(second, 'NAME'), line, say);
    case 'login':
      if (first !== 'replay') throw usageError('login knows replay.');
      return makeReplayLogin(dataDir, needed(second, 'STATION'), say);
    case 'backup':
      return backup(dataDir, keyFile, resolve(needed(first, 'DIR')), say);
    case 'restore':
      return restore(dataDir, keyFile, resolve(needed(first, 'DIR')), say);
    default:
      throw usageError(`"${command}" is no command.`);
  }
}

try {
  await run(process.argv.slice(2));
} catch (thrown) {
  failStart(thrown);
}
