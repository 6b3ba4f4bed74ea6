import type { healthAnswerSchema } from '@waystation/shared/contracts/api';
import { readStatuses, type ServiceStatus, statusFreshMs } from '@waystation/shared/runtime/status-file';
import type { z } from 'zod';

type Health = z.input<typeof healthAnswerSchema>;

/** Services without which nothing works. */
const expected = ['broker', 'ingest', 'dashboard'];
const weight = { ok: 0, degraded: 1, silent: 2, failed: 3 } as const;

/** Health of the whole, from what each service says of itself once a second. */
export function healthOf(dataDir: string, now: number, version: string, demo: boolean): Health {
  const statuses = new Map(readStatuses(dataDir).map((status) => [status.service, status]));
  for (const name of expected)
    if (!statuses.has(name))
      statuses.set(name, { service: name, pid: 0, at: 0, state: 'failed', problems: [], metrics: {} });
  const services = [...statuses.values()].map((status) => serviceHealth(status, now));
  const worst = Math.max(...services.map(({ state }) => weight[state]));
  const lag = statuses.get('ingest')?.metrics['waystation_ingest_lag_ms'];
  return {
    status: worst >= 2 ? 'failed' : worst === 1 ? 'degraded' : 'ok',
    version,
    demo,
    services,
    lagMs: lag ?? null,
  };
}

function serviceHealth(
  { service, at, state, problems }: ServiceStatus,
  now: number,
): Health['services'][number] {
  const ageMs = Math.max(0, now - at);
  if (ageMs <= statusFreshMs) return { service, state, ageMs, problems };
  const message =
    at === 0
      ? `${service} has not reported.`
      : `${service} has not reported for ${Math.round(ageMs / 1_000)} s.`;
  return {
    service,
    state: 'silent',
    ageMs,
    problems: [{ code: 'silent', message, fix: 'Start it again, and read the end of its log.' }],
  };
}

/** All metrics of all services in Prometheus' text format. */
export function prometheusText(dataDir: string, now: number): string {
  const lines: string[] = [];
  for (const { service, at, state, metrics } of readStatuses(dataDir)) {
    const isUp = now - at <= statusFreshMs && state !== 'failed';
    lines.push(`waystation_service_up{service="${service}"} ${isUp ? 1 : 0}`);
    for (const [name, value] of Object.entries(metrics))
      lines.push(`${name.replace(/[^a-zA-Z0-9_:]/g, '_')} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}
