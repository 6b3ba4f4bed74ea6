import type { Clock } from './clock.ts';

/** Failures of one (address, user) that cost nothing yet. */
const freeFailures = 5;
/** Failures of one address, whoever it tried to be: rooms share one address, so it is looser. */
const freeFailuresPerAddress = 100;
const firstDelayMs = 1_000;
const longestDelayMs = 60_000;
/** A quiet entry is forgotten after this long. */
const forgetAfterMs = 600_000;
/** Entries kept at most; the oldest are forgotten first, which favours an attacker with very many addresses over a full memory. */
const maxEntries = 20_000;

interface Entry {
  failures: number;
  blockedUntil: number;
  lastAt: number;
}

export interface LoginBackoff {
  /** True: answer "not authorized" without looking at the secret. */
  isBlocked(address: string, user: string): boolean;
  failed(address: string, user: string): void;
  succeeded(address: string, user: string): void;
  metrics(): { refusedInBackoff: number; entries: number };
}

/** Growing delays after wrong secrets, per (address, user) and per address. Who logged in before is not held up by an address. */
export function createLoginBackoff(clock: Clock): LoginBackoff {
  const pairs = new Map<string, Entry>();
  const addresses = new Map<string, Entry>();
  const known = new Map<string, true>();
  let refusedInBackoff = 0;

  const note = (entries: Map<string, Entry>, key: string, free: number) => {
    const now = clock.now();
    const old = entries.get(key);
    const failures = old === undefined || now - old.lastAt > forgetAfterMs ? 1 : old.failures + 1;
    const delayMs =
      failures <= free ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(16, failures - free - 1));
    keepNewest(entries, key, { failures, blockedUntil: now + delayMs, lastAt: now });
  };

  return {
    isBlocked(address, user) {
      const pair = `${address} ${user}`;
      const now = clock.now();
      const byPair = (pairs.get(pair)?.blockedUntil ?? 0) > now;
      const byAddress = !known.has(pair) && (addresses.get(address)?.blockedUntil ?? 0) > now;
      if (byPair || byAddress) refusedInBackoff += 1;
      return byPair || byAddress;
    },
    failed(address, user) {
      note(pairs, `${address} ${user}`, freeFailures);
      note(addresses, address, freeFailuresPerAddress);
    },
    succeeded(address, user) {
      pairs.delete(`${address} ${user}`);
      keepNewest(known, `${address} ${user}`, true);
    },
    metrics: () => ({ refusedInBackoff, entries: pairs.size + addresses.size + known.size }),
  };
}

/** A Map keeps insertion order: the first key is the one not touched for longest. */
function keepNewest<T>(entries: Map<string, T>, key: string, value: T): void {
  entries.delete(key);
  entries.set(key, value);
  if (entries.size > maxEntries) entries.delete(entries.keys().next().value!);
}
