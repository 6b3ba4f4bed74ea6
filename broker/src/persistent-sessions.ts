import type { Clock } from '@waystation/shared/runtime/clock';
import type { Aedes, Client } from 'aedes';
import type { BrokerCounters } from './counters.ts';

/** A session that nobody came back to is forgotten: its subscriptions and queued commands (commands expire long before). */
const expireAfterMs = 24 * 3_600_000;
/** Absent sessions remembered at most; beyond it the longest absent goes first. */
const maxAbsent = 20_000;

/** Follows absent `clean: false` sessions; the answered function, called each minute, forgets the expired ones. */
export function expireSessions(
  aedes: Aedes,
  clock: Clock,
  forget: (clientId: string) => Promise<void>,
  counters: BrokerCounters,
): () => Promise<void> {
  const absentSince = new Map<string, number>();
  aedes.on('client', (client: Client) => absentSince.delete(client.id));
  aedes.on('clientDisconnect', (client: Client) => {
    if (!client.clean) absentSince.set(client.id, clock.now());
  });
  return async () => {
    for (const [clientId, since] of absentSince) {
      if (absentSince.size <= maxAbsent && clock.now() - since < expireAfterMs) return;
      absentSince.delete(clientId);
      counters.sessionsExpired += 1;
      await forget(clientId);
    }
  };
}
