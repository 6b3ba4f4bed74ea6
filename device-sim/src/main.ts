import { failStart } from '@waystation/shared/runtime/process';
import { usage } from './command-line.ts';
import {
  fleetCommand,
  help,
  loadCommand,
  recordCommand,
  replayCommand,
  replayCountsCommand,
  verifyCommand,
} from './commands.ts';

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  fleet: fleetCommand,
  load: loadCommand,
  verify: verifyCommand,
  record: recordCommand,
  replay: replayCommand,
  'replay-counts': replayCountsCommand,
};

try {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined || args.includes('--help') || name === '--help') process.stdout.write(`${help}\n`);
  else {
    const command = commands[name];
    if (command === undefined) throw usage(`"${name}" is no command.`);
    await command(args);
  }
} catch (thrown) {
  failStart(thrown);
}
