import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { nodeArguments } from './node-arguments.ts';
import { exitConfiguration } from './process.ts';

/** One process to keep alive. */
export interface Program {
  readonly name: string;
  /** Absolute path of its main file. */
  readonly main: string;
  readonly arguments?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Time it gets to end after SIGTERM before it is killed, ms. */
  readonly stopWithinMs: number;
}

export interface SupervisorOptions {
  /** Started in this order; each waits until the one before reports that it is ready. */
  readonly programs: readonly Program[];
  /** Names in the order in which they are stopped. */
  readonly stopOrder: readonly string[];
  /** A line for the terminal; `source` is the program's name or `waystation`. */
  readonly say: (source: string, line: string) => void;
  /** A program refused its configuration (exit code 2), or ended before it was ever ready too often. */
  readonly onGiveUp: (program: string, exitCode: number) => void;
}

export interface Supervisor {
  start(): Promise<void>;
  /** Stops all in order; may be called twice and while starting. */
  stop(): Promise<void>;
  /** Process id of a running program, for tests. */
  pid(name: string): number | undefined;
}

const firstRestartMs = 250;
const longestRestartMs = 15_000;
/** A program that ran this long starts again at the first delay. */
const healthyAfterMs = 30_000;
/** How long a start waits for `ready` before the next program is started anyway. */
const readyWithinMs = 20_000;

interface Running {
  readonly program: Program;
  child: ChildProcess | undefined;
  startedAt: number;
  restartMs: number;
  everReady: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Runs programs as child processes: restarts one that died with growing delays, prefixes its lines, stops all in order. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const all = new Map<string, Running>();
  let stopping: Promise<void> | undefined;

  const launch = (running: Running): Promise<void> => {
    const { program } = running;
    running.startedAt = Date.now();
    // A group of its own: Ctrl-C on the terminal reaches only the supervisor, which stops the programs in order.
    const child = spawn(
      process.execPath,
      [...nodeArguments(program.name), program.main, ...(program.arguments ?? [])],
      {
        env: program.env,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        detached: true,
      },
    );
    running.child = child;
    pipeLines(child.stdout, (line) => options.say(program.name, line));
    pipeLines(child.stderr, (line) => options.say(program.name, line));

    return new Promise((resolve) => {
      const timer = setTimeout(resolve, readyWithinMs);
      const settle = () => {
        clearTimeout(timer);
        resolve();
      };
      child.on('message', () => {
        running.everReady = true;
        settle();
      });
      child.on('error', (error) => options.say(program.name, `cannot be started: ${error.message}`));
      child.on('exit', (code, signal) => {
        running.child = undefined;
        settle();
        if (stopping === undefined) died(running, code, signal);
      });
    });
  };

  const died = (running: Running, code: number | null, signal: NodeJS.Signals | null) => {
    const { name } = running.program;
    if (code === exitConfiguration && !running.everReady) {
      options.onGiveUp(name, exitConfiguration);
      return;
    }
    if (Date.now() - running.startedAt >= healthyAfterMs) running.restartMs = firstRestartMs;
    const delayMs = running.restartMs;
    running.restartMs = Math.min(running.restartMs * 2, longestRestartMs);
    options.say(
      'waystation',
      `${name} ended (${signal ?? `exit code ${code}`}); starting it again in ${delayMs} ms`,
    );
    running.timer = setTimeout(() => void launch(running), delayMs);
  };

  const stopAll = async () => {
    for (const running of all.values()) clearTimeout(running.timer);
    for (const name of options.stopOrder) {
      const running = all.get(name);
      if (running?.child !== undefined)
        await endChild(running.child, running.program.stopWithinMs, (line) =>
          options.say('waystation', `${name} ${line}`),
        );
    }
  };

  return {
    async start() {
      for (const program of options.programs) {
        if (stopping !== undefined) return;
        const running: Running = {
          program,
          child: undefined,
          startedAt: 0,
          restartMs: firstRestartMs,
          everReady: false,
          timer: undefined,
        };
        all.set(program.name, running);
        await launch(running);
      }
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
    pid: (name) => all.get(name)?.child?.pid,
  };
}

function pipeLines(stream: Readable | null, say: (line: string) => void): void {
  if (stream !== null)
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', say);
}

async function endChild(child: ChildProcess, withinMs: number, say: (line: string) => void): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => {
    say(`did not stop within ${withinMs} ms and was killed`);
    child.kill('SIGKILL');
  }, withinMs);
  await ended;
  clearTimeout(timer);
}
