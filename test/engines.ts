import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A real program that some tests talk to. */
export interface Engine {
  readonly name: string;
  readonly debianPackage: string;
  readonly binary: string;
}

export const engines = [
  { name: 'mosquitto', debianPackage: 'mosquitto', binary: 'mosquitto' },
  { name: 'mosquitto_pub', debianPackage: 'mosquitto-clients', binary: 'mosquitto_pub' },
  { name: 'Chromium', debianPackage: 'chromium', binary: 'chromium' },
] as const satisfies readonly Engine[];

export type EngineName = (typeof engines)[number]['name'];

/** Path of an engine's program, or `undefined`. Debian puts servers in /usr/sbin, which is not on every PATH. */
export function findEngine(engine: Engine): string | undefined {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const file = join(folder, engine.binary);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder; the next may have it.
    }
  }
  return undefined;
}

/**
 * Path of an engine for a test. Absent: `undefined` after a line that names the package, so that the test can skip;
 * with CI=true an error, because there a missing engine is a failure.
 */
export function engineForTest(name: EngineName): string | undefined {
  const engine = engines.find((candidate) => candidate.name === name)!;
  const found = findEngine(engine);
  if (found !== undefined) return found;
  const line = `${name} is not installed (Debian package ${engine.debianPackage})`;
  if (process.env['CI'] === 'true') throw new Error(line);
  process.stderr.write(`skipped: ${line}\n`);
  return undefined;
}
