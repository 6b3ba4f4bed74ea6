import type { Client } from 'aedes';
import type { Principal } from './principal.ts';
import type { PublishRate } from './publish-rate.ts';

/** What we know of one connection after its login. */
export interface Session {
  /** Unique over restarts: stands in every record of this connection. */
  readonly connection: string;
  readonly login: string;
  readonly principal: Principal;
  /** Hash that the secret matched; a session whose login has another one now is cut off. Null for our own services. */
  readonly hash: string | null;
  readonly address: string;
  readonly rate: PublishRate | undefined;
  /** Topic decisions of this connection; bounded because a gateway has at most some devices times three topics. */
  readonly allowedTopics: Map<string, boolean>;
  lastDenialLoggedAt: number;
}

/** Sessions by Aedes client; a client that never logged in has none. */
export class Sessions {
  /** Weak, because a last will still asks for the session of a connection that is gone. */
  private readonly known = new WeakMap<Client, Session>();
  private readonly open = new Map<Client, Session>();

  /** Connections that are in: logged in and registered. */
  get size(): number {
    return this.open.size;
  }
  get(client: Client | null): Session | undefined {
    return client === null ? undefined : this.known.get(client);
  }
  isOpen(client: Client): boolean {
    return this.open.has(client);
  }
  add(client: Client, session: Session): void {
    this.known.set(client, session);
  }
  opened(client: Client, session: Session): void {
    this.open.set(client, session);
  }
  /** True the first time. */
  closed(client: Client): boolean {
    return this.open.delete(client);
  }
  [Symbol.iterator](): IterableIterator<[Client, Session]> {
    return this.open.entries();
  }
}
