/**
 * The places where Aedes 1.2.0 (pinned exactly) has no hook and we reach inside. Each is small, named, and covered by a test that fails
 * when a new version changes it.
 */
import type { Aedes, Client } from 'aedes';

interface ParserInside {
  parse(bytes: Buffer): number;
  packet: { length: number };
}
interface DrainInside {
  readonly _drainTimer: NodeJS.Timeout | null;
  waitForDrain(done: (error: Error | null, client: Client) => void): void;
}
interface ClientInside {
  readonly _parser: ParserInside;
  readonly will: unknown;
  readonly closed: boolean;
}

/**
 * Ends a connection whose packet announces more bytes than it may have, before they are collected: mqtt-packet keeps an incomplete packet
 * whole in memory, so an unauthenticated CONNECT of 200 MB would cost 200 MB (FACTS). Called once per chunk read.
 */
export function guardPacketLength(
  client: Client,
  maxBytes: () => number,
  onTooLarge: (bytes: number) => void,
): void {
  const parser = inside(client)._parser;
  const parse = parser.parse.bind(parser);
  parser.parse = (bytes) => {
    const rest = parse(bytes);
    const announced = parser.packet.length;
    if (rest > 0 && announced > maxBytes()) onTooLarge(announced);
    return rest;
  };
}

/**
 * Lets a message be "delivered" to a subscriber that does not read, as long as little waits in its socket: Aedes holds a message for all of its
 * subscribers until the slowest has drained, so one frozen client would delay the healthy ones by `drainTimeout`. A client with more
 * than `maxWaitingBytes` is ended; one that reads nothing for `drainTimeout` still is.
 */
export function passFrozenSubscriber(client: Client, maxWaitingBytes: number, onTooMuch: () => void): void {
  const drain = inside<DrainInside>(client);
  const wait = drain.waitForDrain.bind(client);
  const pending = () => undefined;
  drain.waitForDrain = (done) => {
    if (drain._drainTimer === null) wait(pending);
    if (client.conn.writableLength > maxWaitingBytes) {
      onTooMuch();
      client.conn.destroy();
    }
    setImmediate(done, null, client);
  };
}

/** True when this packet is the last will of the client that the hook is called for. */
export function isWill(client: Client | null, packet: object): boolean {
  return client === null || inside(client).will === packet;
}

interface PersistenceInside {
  outgoingEnqueueCombi(subscriptions: { clientId: string }[], packet: object): Promise<void>;
  outgoingClearMessageId(client: { id: string }, packet: object): Promise<object | undefined>;
  cleanSubscriptions(client: { id: string }): Promise<unknown>;
}
type PublishCallback = (error?: Error) => void;
interface AedesInside {
  readonly persistence: PersistenceInside;
  publish(packet: { topic: string }, client: unknown, done?: PublishCallback): void;
}

/** Leaves out retained store, offline queue and delivery for topics that nobody may subscribe to: half of the work of a publish. */
export function skipDelivery(aedes: Aedes, isDelivered: (topic: string) => boolean): void {
  const broker = inside<AedesInside>(aedes);
  const publish = broker.publish.bind(broker);
  broker.publish = (packet, client, done) => {
    if (!packet.topic.startsWith('ws/') || isDelivered(packet.topic)) publish(packet, client, done);
    else if (typeof client === 'function') (client as PublishCallback)();
    else done?.();
  };
}

/** Bounds what waits for an absent client: at the limit the new message is dropped for that client and counted. */
export function limitOfflineQueues(
  aedes: Aedes,
  maxPerClient: number,
): { dropped(): number; forget(clientId: string): Promise<void> } {
  const { persistence } = inside<AedesInside>(aedes);
  const queued = new Map<string, number>();
  let dropped = 0;
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  persistence.outgoingEnqueueCombi = (subscriptions, packet) => {
    const room = subscriptions.filter(({ clientId }) => {
      const count = queued.get(clientId) ?? 0;
      if (count >= maxPerClient) {
        dropped += 1;
        return false;
      }
      queued.set(clientId, count + 1);
      return true;
    });
    return enqueue(room, packet);
  };
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  persistence.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    const count = queued.get(client.id);
    if (count !== undefined) {
      if (count <= 1) queued.delete(client.id);
      else queued.set(client.id, count - 1);
    }
    return cleared;
  };
  return {
    dropped: () => dropped,
    async forget(clientId) {
      queued.delete(clientId);
      await persistence.cleanSubscriptions({ id: clientId });
    },
  };
}

function inside<T = ClientInside>(thing: Aedes | Client): T {
  return thing as unknown as T;
}
