import { failStart } from '@waystation/shared/runtime/process';
import { usage } from './command-line.ts';
import type { Command } from './commands/command.ts';
import { fleet } from './commands/fleet.ts';
import { history } from './commands/history.ts';
import { load } from './commands/load.ts';
import { record, replay } from './commands/recording.ts';
import { replayCounts } from './commands/replay-counts.ts';
import { verify } from './commands/verify.ts';

const commands: readonly Command[] = [fleet, history, load, verify, record, replay, replayCounts];

const overview = `npm run sim -- COMMAND [--help]

${commands.map(({ name, summary }) => `  ${name.padEnd(14)} ${summary}`).join('\n')}

DATA_DIR (its folder "demo" for the demo district), MQTT_HOST, MQTT_PORT, HOST and HTTP_PORT say where the platform is.`;

try {
  const [name, ...args] = process.argv.slice(2);
  const command = commands.find((each) => each.name === name);
  if (name === undefined || name === '--help') process.stdout.write(`${overview}\n`);
  else if (command === undefined) throw usage(`"${name}" is no command.`);
  else if (args.includes('--help')) process.stdout.write(`npm run sim -- ${command.help}\n`);
  else await command.run(args);
} catch (thrown) {
  failStart(thrown);
}
