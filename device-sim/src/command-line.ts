import { WaystationError } from '@waystation/shared/runtime/errors';

/** Options of a command: `--name value`. */
export type Options = ReadonlyMap<string, string>;

/** @throws WaystationError `usage` in one line. */
export function usage(message: string): WaystationError {
  return new WaystationError({
    code: 'usage',
    message,
    fix: 'npm run sim -- --help shows the commands, npm run sim -- COMMAND --help their options.',
  });
}

/** Splits a command line into words and options; only the named options are known. */
export function parseOptions(
  args: readonly string[],
  known: readonly string[],
): { words: string[]; options: Options } {
  const words: string[] = [];
  const options = new Map<string, string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('--')) {
      words.push(word);
      continue;
    }
    const name = word.slice(2);
    if (!known.includes(name))
      throw usage(
        `${word} is no option here${known.length === 0 ? '' : `; there are ${known.map((each) => `--${each}`).join(', ')}`}.`,
      );
    const value = rest.shift();
    if (value === undefined) throw usage(`${word} needs a value.`);
    options.set(name, value);
  }
  return { words, options };
}

/** A number option. @throws WaystationError `usage` naming option and bounds. */
export function numberOption(
  options: Options,
  name: string,
  fallback: number,
  min: number,
  max: number,
): number {
  const text = options.get(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max)
    throw usage(`--${name} must be a number from ${min} to ${max}, not "${text}".`);
  return value;
}

/** A duration such as 30s, 5m, 1h, 28d, in ms. */
export function durationOption(options: Options, name: string, fallbackMs: number): number {
  const text = options.get(name);
  if (text === undefined) return fallbackMs;
  const match = /^(\d+)(s|m|h|d)$/.exec(text);
  if (match === null) throw usage(`--${name} must be a time such as 30s, 5m, 1h or 28d, not "${text}".`);
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as 's' | 'm' | 'h' | 'd'];
  return Number(match[1]) * unitMs;
}

/** An option that must be there. */
export function needed(options: Options, name: string): string {
  const value = options.get(name);
  if (value === undefined) throw usage(`--${name} is needed.`);
  return value;
}
