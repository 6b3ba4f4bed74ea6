import { type Clock, systemClock } from './clock.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/** A structured log: one line per event, fields beside the sentence. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields that every line carries. */
  child(fields: LogFields): Log;
}

const order: Record<LogLevel, number> = { debug: 10, info: 20, warn: 30, error: 40 };

export interface LogOptions {
  readonly service: string;
  readonly level?: LogLevel;
  /** `pretty` for a terminal, `json` for a machine. */
  readonly format?: 'json' | 'pretty';
  readonly write?: (line: string) => void;
  readonly clock?: Clock;
}

/** Makes a log that writes lines to standard output (or `write`). */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => void process.stdout.write(`${line}\n`));
  const clock = options.clock ?? systemClock;
  const threshold = order[options.level ?? 'info'];
  const format = options.format ?? 'json';

  const make = (base: LogFields): Log => {
    const emit = (level: LogLevel, message: string, fields?: LogFields) => {
      if (order[level] < threshold) return;
      const all = { ...base, ...fields };
      const at = new Date(clock.now()).toISOString();
      if (format === 'json') {
        write(JSON.stringify({ at, level, service: options.service, message, ...all }));
        return;
      }
      const rest = Object.entries(all).map(([key, value]) => `${key}=${plain(value)}`);
      write([at.slice(11, 23), level.toUpperCase().padEnd(5), message, ...rest].join(' '));
    };
    return {
      debug: (message, fields) => emit('debug', message, fields),
      info: (message, fields) => emit('info', message, fields),
      warn: (message, fields) => emit('warn', message, fields),
      error: (message, fields) => emit('error', message, fields),
      child: (fields) => make({ ...base, ...fields }),
    };
  };
  return make({});
}

function plain(value: unknown): string {
  return typeof value === 'string' && !/\s/.test(value) ? value : (JSON.stringify(value) ?? String(value));
}

/** A log that says nothing, for tests. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
