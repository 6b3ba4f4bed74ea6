import { errorLine, WaystationError } from './errors.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Log } from './log.ts';

/** Exit code for a configuration that cannot work (DESIGN 4: nothing opens). */
export const exitConfiguration = 2;

/**
 * Runs a service as this process: start, then wait for SIGTERM or SIGINT, then stop and exit.
 * A `WaystationError` at start prints one line and exits 2; any other error prints its stack and exits 1.
 */
export async function runService(lifecycle: Lifecycle, log: Log): Promise<void> {
  let ending = false;
  const end = async (code: number) => {
    if (ending) return;
    ending = true;
    const left = await lifecycle.stop();
    process.exit(code === 0 && left.length > 0 ? 1 : code);
  };
  process.on('SIGTERM', () => void end(0));
  process.on('SIGINT', () => void end(0));
  // A supervisor that dies closes the channel: end with it, so that nothing is orphaned.
  process.on('disconnect', () => void end(0));
  process.on('uncaughtException', (thrown) => {
    log.error('unexpected error', { error: errorLine(thrown), stack: thrown.stack });
    void end(1);
  });
  try {
    await lifecycle.start();
    process.send?.({ ready: true });
  } catch (thrown) {
    failStart(thrown);
  }
}

/** Prints why a start failed and ends the process with DESIGN's exit code. */
export function failStart(thrown: unknown): never {
  if (thrown instanceof WaystationError) {
    process.stderr.write(`${thrown.line}\n`);
    process.exit(exitConfiguration);
  }
  process.stderr.write(`${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
  process.exit(1);
}
