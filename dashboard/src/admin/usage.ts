import { WaystationError } from '@waystation/shared/runtime/errors';

export const help = `npm run admin -- [--demo] COMMAND

  import FILE                       apply a district file (YAML); twice changes nothing
  device add STATION/DEVICE --kind KIND [--interval SECONDS] [--capacity ML]
  device rotate STATION/DEVICE      a new secret; the old one is cut off within 2 s
  device revoke STATION/DEVICE      no secret any more; the history stays
  user add NAME [--password-stdin]  a new administrator; without the option a password is made and shown once
  user password NAME [--password-stdin]
  login replay STATION              the login STATION:replay, which may send any past time
  backup DIR                        copy everything, while it runs
  restore DIR                       put a backup back; only when everything is stopped

DATA_DIR says where the data is (./data); --demo means DATA_DIR/demo.`;

/** A call that is not understood: one line, exit code 2. */
export function usageError(message: string): WaystationError {
  return new WaystationError({ code: 'usage', message, fix: 'npm run admin -- --help shows the commands.' });
}

/** Words and options of a command line: `--name value`, or `--name` for the flags. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
}

const flagNames = ['demo', 'help', 'password-stdin'];
const optionNames = ['kind', 'interval', 'capacity'];

/** @throws WaystationError `usage` for an unknown option or one without its value. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const words: string[] = [];
  const options = new Map<string, string>();
  const flags = new Set<string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('--')) words.push(word);
    else if (flagNames.includes(word.slice(2))) flags.add(word.slice(2));
    else if (!optionNames.includes(word.slice(2))) throw usageError(`${word} is no option.`);
    else {
      const value = rest.shift();
      if (value === undefined) throw usageError(`${word} needs a value.`);
      options.set(word.slice(2), value);
    }
  }
  return { words, options, flags };
}
