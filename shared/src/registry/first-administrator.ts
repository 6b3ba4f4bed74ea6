import { generateSecret } from '../runtime/secret-key.ts';
import { hashPassword } from './password.ts';
import type { Registry } from './registry.ts';

export const firstAdministratorName = 'admin';

/**
 * Makes the user `admin` when there is none, with the given password or a generated one, which is answered to be shown once.
 * An existing administrator keeps the password.
 */
export async function ensureAdministrator(
  registry: Registry,
  password: string | undefined,
): Promise<{ generatedPassword: string | null }> {
  const { users } = await registry.loadSnapshot();
  if (users.has(firstAdministratorName)) return { generatedPassword: null };
  const generated = password === undefined ? generateSecret() : null;
  const body = {
    name: firstAdministratorName,
    role: 'admin' as const,
    password: await hashPassword(password ?? generated ?? ''),
    createdAt: Date.now(),
  };
  await registry.apply([{ kind: 'user', id: firstAdministratorName, body }], {
    who: 'system',
    what: 'made the first administrator',
  });
  return { generatedPassword: generated };
}
