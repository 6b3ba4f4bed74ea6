import { randomUUID } from 'node:crypto';
import type { RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import type { Clock } from '@waystation/shared/runtime/clock';
import type { LoginBackoff } from '@waystation/shared/runtime/login-backoff';
import { hashSecret, secretMatches, serviceSecret } from '@waystation/shared/runtime/secret-key';
import type { BrokerCounters } from './counters.ts';
import { clientIdFits, type Principal, parsePrincipal } from './principal.ts';
import { PublishRate } from './publish-rate.ts';
import type { Session } from './session.ts';
import { hasControlCharacters } from './topic-rules.ts';

/** MQTT 3.1.1 CONNACK return codes (table 3.1). */
export const returnCodes = { identifierRejected: 2, badUserNameOrPassword: 4, notAuthorized: 5 } as const;

export interface LoginAttempt {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly address: string;
}

export interface LoginRules {
  readonly registry: () => RegistrySnapshot;
  readonly secretKey: Buffer;
  readonly backoff: LoginBackoff;
  readonly counters: BrokerCounters;
  readonly clock: Clock;
  readonly maxPublishesPerSecond: number;
}

/** A gateway speaks for a station of some devices, a replay for months: multiples of one device's rate. */
const rateFactor: Record<Principal['kind'], number | null> = {
  device: 1,
  gateway: 20,
  replay: 100,
  service: null,
};
/** Compared when the user does not exist, so that the answer takes as long. */
const nobody = hashSecret('nobody');

/** Decides who is connecting: the session, or the CONNACK return code. */
export function judgeLogin(attempt: LoginAttempt, rules: LoginRules): Session | number {
  const login = attempt.username ?? '';
  const principal = parsePrincipal(login);
  if (rules.backoff.isBlocked(attempt.address, login)) return returnCodes.notAuthorized;

  const stored = storedHash(login, principal, rules);
  const matches =
    secretMatches(attempt.password ?? Buffer.alloc(0), stored ?? nobody) && stored !== undefined;
  if (!matches || principal === undefined) {
    rules.counters.loginsRefused += 1;
    rules.backoff.failed(attempt.address, login);
    return returnCodes.badUserNameOrPassword;
  }
  rules.backoff.succeeded(attempt.address, login);
  if (!clientIdFits(attempt.clientId, login) || hasControlCharacters(attempt.clientId)) {
    rules.counters.clientIdsRefused += 1;
    return returnCodes.identifierRejected;
  }
  const factor = rateFactor[principal.kind];
  return {
    connection: randomUUID(),
    login,
    principal,
    hash: principal.kind === 'service' ? null : stored.hash,
    address: attempt.address,
    rate: factor === null ? undefined : new PublishRate(rules.maxPublishesPerSecond * factor, rules.clock),
    allowedTopics: new Map(),
    lastDenialLoggedAt: 0,
  };
}

function storedHash(login: string, principal: Principal | undefined, rules: LoginRules) {
  if (principal === undefined) return undefined;
  if (principal.kind === 'service')
    return hashSecret(serviceSecret(rules.secretKey, principal.name), 'service');
  return rules.registry().logins.get(login);
}
