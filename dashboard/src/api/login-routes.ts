import { loginAnswerSchema, loginRequestSchema } from '@waystation/shared/contracts/api';
import type { RegistrySnapshot, User } from '@waystation/shared/contracts/registry-documents';
import { hashPassword, verifyPassword } from '@waystation/shared/registry/password';
import { WaystationError } from '@waystation/shared/runtime/errors';
import type { LoginBackoff } from '@waystation/shared/runtime/login-backoff';
import { z } from 'zod';
import { sessionCookie } from '../auth/identify.ts';
import type { Sessions } from '../auth/sessions.ts';
import { type Route, route } from './route.ts';

export interface LoginParts {
  readonly registry: () => RegistrySnapshot;
  readonly sessions: Sessions;
  readonly backoff: LoginBackoff;
  /** The site is served by https: the cookie is never sent without it. */
  readonly secure: boolean;
}

const userView = ({ name, displayName, role }: User) => ({ name, displayName: displayName ?? null, role });

/** Login, logout, who am I. */
export function loginRoutes({ registry, sessions, backoff, secure }: LoginParts): Route[] {
  // Verified when the user does not exist, so that the answer takes as long.
  const nobody = hashPassword('nobody');
  const cookie = (value: string, maxAgeS: number) =>
    `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}${secure ? '; Secure' : ''}`;
  return [
    route({
      method: 'POST',
      path: '/api/v1/login',
      summary: 'Log in: sets the session cookie and answers a token that can be used as Bearer',
      access: 'open',
      body: loginRequestSchema,
      answer: loginAnswerSchema,
      async handle({ body: { username, password }, request, reply }) {
        if (backoff.isBlocked(request.ip, username)) {
          throw new WaystationError({
            code: 'too_many_attempts',
            message: 'Too many wrong attempts.',
            fix: 'Wait a minute and try again.',
          });
        }
        const user = registry().users.get(username);
        const isRight = await verifyPassword(password, user?.password ?? (await nobody));
        if (user === undefined || !isRight) {
          backoff.failed(request.ip, username);
          throw new WaystationError({ code: 'wrong_login', message: 'The name or the password is wrong.' });
        }
        backoff.succeeded(request.ip, username);
        const { token, expiresAt } = sessions.begin(user.name);
        reply.header('set-cookie', cookie(token, Math.floor((expiresAt - Date.now()) / 1_000)));
        return { token, expiresAt, user: userView(user) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/logout',
      summary: 'End this session',
      access: 'user',
      answer: z.object({ ok: z.literal(true) }),
      handle({ identity, reply }) {
        if (identity !== undefined) sessions.end(identity.token);
        reply.header('set-cookie', cookie('', 0));
        return { ok: true };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/session',
      summary: 'Who is logged in',
      access: 'user',
      answer: z.object({ user: loginAnswerSchema.shape.user }),
      handle: ({ identity }) => ({ user: identity === undefined ? null : userView(identity.user) }),
    }),
  ];
}
