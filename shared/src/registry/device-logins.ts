import type { Login } from '../contracts/registry-documents.ts';
import { generateSecret, hashSecret } from '../runtime/secret-key.ts';

/** A login for the broker with its secret, which is kept nowhere: show it once. Generated unless given. */
export function newLogin(
  name: string,
  secret: string = generateSecret(),
  createdAt: number = Date.now(),
): { login: Login; secret: string } {
  return { login: { name, ...hashSecret(secret), createdAt }, secret };
}

/** The login with its secret taken away: it stays known, so that an import does not make it again. */
export function revokedLogin(name: string, revokedAt: number = Date.now()): Login {
  return { ...newLogin(name).login, revokedAt };
}

/** The login that may send any past time for all devices of a station. */
export function replayLoginName(station: string): string {
  return `${station}:replay`;
}
