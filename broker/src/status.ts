import type { JournalWriter } from '@waystation/shared/journal/writer';
import type { Clock } from '@waystation/shared/runtime/clock';
import type { LoginBackoff } from '@waystation/shared/runtime/login-backoff';
import type { Problem, ServiceStatus } from '@waystation/shared/runtime/status-file';
import type { BrokerCounters } from './counters.ts';
import type { Sessions } from './session.ts';

export interface StatusParts {
  readonly counters: BrokerCounters;
  readonly sessions: Sessions;
  readonly backoff: LoginBackoff;
  readonly journal: JournalWriter;
  readonly offlineDropped: () => number;
  readonly connections: () => number;
}

/** What the broker says of itself: state, what is wrong and what to do, and its metrics under `waystation_broker_*`. */
export function describe(parts: StatusParts, clock: Clock): ServiceStatus {
  const journal = parts.journal.metrics();
  const problems: Problem[] = [];
  if (journal.state === 'failing') {
    problems.push({
      code: 'journal_write_failed',
      message: `The journal cannot be written: ${journal.failure ?? 'unknown reason'}. Devices keep what they cannot hand over.`,
      fix: 'Make room on the disk of DATA_DIR or make it writable; the broker goes on by itself.',
    });
  }
  if (journal.unreadState !== 'ok') {
    problems.push({
      code: journal.unreadState === 'full' ? 'journal_full' : 'journal_half_full',
      message: `${Math.round(journal.unreadBytes / 1_048_576)} MiB of the journal wait for ingest, of at most ${Math.round(journal.maxUnreadBytes / 1_048_576)} MiB.`,
      fix: 'Look why ingest does not follow (its line in this page), or give the disk more room.',
    });
  }
  const numbers = {
    ...parts.counters,
    ...parts.backoff.metrics(),
    offlineDropped: parts.offlineDropped(),
    connections: parts.connections(),
    sessions: parts.sessions.size,
  };
  const metrics: Record<string, number> = {};
  for (const [name, value] of Object.entries(numbers))
    metrics[`waystation_broker_${snakeCase(name)}`] = value;
  for (const [name, value] of Object.entries(journal)) {
    if (typeof value === 'number') metrics[`waystation_journal_${snakeCase(name)}`] = value;
  }
  metrics['waystation_broker_resident_bytes'] = process.memoryUsage.rss();
  const state =
    journal.state === 'failing' || journal.unreadState === 'full'
      ? 'failed'
      : problems.length > 0
        ? 'degraded'
        : 'ok';
  return { service: 'broker', pid: process.pid, at: clock.now(), state, problems, metrics };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
