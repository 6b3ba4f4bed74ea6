import type { IncomingHttpHeaders } from 'node:http';
import type { RegistrySnapshot, User } from '@waystation/shared/contracts/registry-documents';
import type { Sessions } from './sessions.ts';

export const sessionCookie = 'waystation_session';

export interface Identity {
  readonly user: User;
  readonly token: string;
  /** How the token came: only a cookie is sent by a browser without being asked. */
  readonly by: 'cookie' | 'bearer';
}

/** Who is asking, by Bearer token or session cookie; a user who was removed is nobody. */
export function identify(
  headers: IncomingHttpHeaders,
  sessions: Sessions,
  registry: RegistrySnapshot,
  handshakeToken?: string,
): Identity | undefined {
  const bearer = handshakeToken ?? /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
  const token = bearer ?? cookieValue(headers.cookie, sessionCookie);
  if (token === undefined) return undefined;
  const name = sessions.userOf(token);
  const user = name === undefined ? undefined : registry.users.get(name);
  return user === undefined ? undefined : { user, token, by: bearer === undefined ? 'cookie' : 'bearer' };
}

/** The one rule of who may see what. Today there is one role, which sees everything; every route and subscription asks here. */
export function may(user: User, _action: 'read' | 'act', _station: string | null): boolean {
  return user.role === 'admin';
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=');
    if (key === name && value) return value;
  }
  return undefined;
}
