import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** One thing that is wrong and what to do about it. */
export const problemSchema = z.object({ code: z.string(), message: z.string(), fix: z.string().optional() });
export type Problem = z.infer<typeof problemSchema>;

/** What a service says of itself once a second in DATA_DIR/run/<service>.json. */
export const serviceStatusSchema = z.object({
  service: z.string(),
  pid: z.number().int(),
  /** Epoch ms of this report; older than `statusFreshMs` means the service is gone. */
  at: z.number(),
  state: z.enum(['ok', 'degraded', 'failed']),
  problems: z.array(problemSchema),
  /** Prometheus-style names (`waystation_broker_connections`) with their value now. */
  metrics: z.record(z.string(), z.number()),
});
export type ServiceStatus = z.infer<typeof serviceStatusSchema>;

export const statusFreshMs = 5_000;

/** Writes the status in one rename, so that a reader never sees half of it. */
export function writeStatus(dataDir: string, status: ServiceStatus): void {
  const folder = join(dataDir, 'run');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${status.service}.json`);
  const temporary = `${file}.${status.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(status));
  renameSync(temporary, file);
}

/** Removes a status at an orderly stop. */
export function removeStatus(dataDir: string, service: string): void {
  rmSync(join(dataDir, 'run', `${service}.json`), { force: true });
}

/** All services that have reported; unreadable files are left out. */
export function readStatuses(dataDir: string): ServiceStatus[] {
  const folder = join(dataDir, 'run');
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  const statuses: ServiceStatus[] = [];
  for (const name of names) {
    try {
      const parsed = serviceStatusSchema.safeParse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
      if (parsed.success) statuses.push(parsed.data);
    } catch {
      // A service may remove its own file between listing and reading; the next second shows it.
    }
  }
  return statuses;
}
