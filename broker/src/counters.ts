/** What the broker counts. Plain numbers, so that counting costs nothing on the way of a message. */
export interface BrokerCounters {
  accepted: number;
  acceptedBytes: number;
  refusedByJournal: number;
  deniedTopics: number;
  deniedSubscriptions: number;
  slowed: number;
  retainStripped: number;
  oversized: number;
  loginsRefused: number;
  clientIdsRefused: number;
  revoked: number;
  connectionsRefused: number;
  connectionsRefusedPerAddress: number;
  wills: number;
  presenceRetries: number;
  sessionsExpired: number;
  frozenSubscribers: number;
}

export function newCounters(): BrokerCounters {
  return {
    accepted: 0,
    acceptedBytes: 0,
    refusedByJournal: 0,
    deniedTopics: 0,
    deniedSubscriptions: 0,
    slowed: 0,
    retainStripped: 0,
    oversized: 0,
    loginsRefused: 0,
    clientIdsRefused: 0,
    revoked: 0,
    connectionsRefused: 0,
    connectionsRefusedPerAddress: 0,
    wills: 0,
    presenceRetries: 0,
    sessionsExpired: 0,
    frozenSubscribers: 0,
  };
}
