import { errorLine } from './errors.ts';
import type { Log } from './log.ts';

/** One part of a service: started in written order, stopped in reverse. */
export interface Step {
  readonly name: string;
  start(): Promise<void> | void;
  stop(): Promise<void> | void;
}

export interface Lifecycle {
  /** Starts the steps in order. When one fails, those started are stopped again and its error is thrown. */
  start(): Promise<void>;
  /** Stops in reverse, each step once, however often it is called. Answers the names of steps that failed or were left behind at the deadline. */
  stop(): Promise<readonly string[]>;
}

/** Puts steps into one life: start in order, stop in reverse, with a deadline for the whole stop. */
export function createLifecycle(steps: readonly Step[], log: Log, stopWithinMs = 8_000): Lifecycle {
  const started: Step[] = [];
  let starting: Promise<void> | undefined;
  let stopping: Promise<readonly string[]> | undefined;

  const stopAll = async (): Promise<readonly string[]> => {
    const deadline = Date.now() + stopWithinMs;
    const left: string[] = [];
    for (let step = started.pop(); step !== undefined; step = started.pop()) {
      const name = step.name;
      try {
        const outcome = await within(Promise.resolve(step.stop()), Math.max(50, deadline - Date.now()));
        if (outcome === 'late') {
          left.push(name);
          log.error('step did not stop in time', { step: name });
        }
      } catch (thrown) {
        left.push(name);
        log.error('step failed to stop', { step: name, error: errorLine(thrown) });
      }
    }
    return left;
  };

  const run = async () => {
    for (const step of steps) {
      if (stopping !== undefined) return;
      try {
        await step.start();
        started.push(step);
      } catch (thrown) {
        await stopAll();
        throw thrown;
      }
    }
  };

  return {
    start() {
      starting ??= run();
      return starting;
    },
    stop() {
      stopping ??= (async () => {
        await starting?.catch(() => undefined);
        return stopAll();
      })();
      return stopping;
    },
  };
}

async function within(work: Promise<unknown>, ms: number): Promise<'done' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  try {
    return await Promise.race([work.then(() => 'done' as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
