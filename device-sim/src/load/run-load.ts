import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyHistogram } from './latency-histogram.ts';
import type { Ledger } from './ledger.ts';
import { LoadConnection, type LoadDevice } from './load-connection.ts';

/** One connection to make: a login and the devices it speaks for (`station/device`). */
export interface LoadLogin {
  readonly login: string;
  readonly secret: string;
  readonly devices: readonly string[];
}

export interface LoadOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly logins: readonly LoadLogin[];
  /** Messages a second over all connections; 0 = as many as the windows allow. */
  readonly rate: number;
  readonly seconds: number;
  readonly inFlight: number;
  /** Length of a message, bytes: filled up with blanks. 128 to 16,000. */
  readonly payloadBytes?: number;
  /** Session of every device. */
  readonly session: string;
  /** Spread connections over 127.0.0.0/8, because brokers limit connections per address. */
  readonly spreadAddresses?: boolean;
  /** How long the end waits for the last acknowledgements, ms. */
  readonly drainWithinMs?: number;
  readonly signal?: AbortSignal;
}

export interface LoadResult {
  readonly sent: number;
  readonly acknowledged: number;
  readonly unacknowledged: number;
  /** First send to last acknowledgement, s. */
  readonly seconds: number;
  readonly latency: LatencyHistogram;
  readonly ledger: Ledger;
}

const paceMs = 4;
/** How long after the end a paced load may still offer what full windows held back. */
const catchUpMs = 500;

/** Offers load to a broker and keeps the ledger of what it acknowledged. Survives a broker that is killed and comes back. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const latency = new LatencyHistogram();
  const devices: LoadDevice[] = [];
  let acknowledged = 0;
  let lastAckMs = 0;
  let isOffering = false;
  const connections = options.logins.map(({ login, secret, devices: keys }, index) => {
    const own = keys.map((key) => newDevice(key, options.session));
    devices.push(...own);
    const connection: LoadConnection = new LoadConnection(own, {
      host: options.host ?? '127.0.0.1',
      port: options.port,
      login,
      secret,
      clientId: `${login}:load-${index}`,
      localAddress: options.spreadAddresses
        ? `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`
        : undefined,
      inFlight: options.inFlight,
      payloadBytes: options.payloadBytes ?? 217,
      onAck(ms) {
        latency.add(ms);
        acknowledged += 1;
        lastAckMs = performance.now();
        if (isOffering && options.rate === 0) due.add(connection);
      },
    });
    return connection;
  });
  /** With no rate to keep, a connection sends again when its acknowledgements of one read are in. */
  const due = new Set<LoadConnection>();
  const refill = () => {
    for (const connection of due) connection.publish(options.inFlight);
    due.clear();
    if (isOffering) setImmediate(refill);
  };

  await Promise.all(connections.map((connection) => connection.open()));
  const startMs = performance.now();
  const endMs = startMs + options.seconds * 1_000;
  isOffering = true;
  if (options.rate === 0) {
    for (const connection of connections) connection.publish(options.inFlight);
    refill();
    while (performance.now() < endMs && !options.signal?.aborted) {
      await sleep(50);
      // A connection that was away has no acknowledgement to go on from.
      for (const connection of connections) connection.publish(options.inFlight);
    }
  } else {
    const asked = Math.round(options.rate * options.seconds);
    let offered = 0;
    let turn = 0;
    // A late timer must not cost messages: what the last step missed is offered too, shared among all connections.
    while (offered < asked && performance.now() < endMs + catchUpMs && !options.signal?.aborted) {
      const wanted = Math.min(asked, Math.floor(((performance.now() - startMs) / 1_000) * options.rate));
      const share = Math.ceil((wanted - offered) / connections.length);
      for (let tries = 0; offered < wanted && tries < connections.length; tries += 1) {
        offered += connections[turn++ % connections.length]!.publish(Math.min(wanted - offered, share));
      }
      await sleep(paceMs);
    }
  }
  isOffering = false;

  const drainEnd = performance.now() + (options.drainWithinMs ?? 30_000);
  const outstanding = () => connections.reduce((sum, connection) => sum + connection.outstanding, 0);
  while (outstanding() > 0 && performance.now() < drainEnd) {
    for (const connection of connections) connection.publish(connection.resendable);
    await sleep(20);
  }
  const unacknowledged = outstanding();
  for (const connection of connections) connection.close();
  const sent = connections.reduce((sum, connection) => sum + connection.sent, 0);
  return {
    sent,
    acknowledged,
    unacknowledged,
    seconds: (lastAckMs - startMs) / 1_000,
    latency,
    ledger: devices.map(({ acked }) => acked).filter(({ runs }) => runs.length > 0),
  };
}

/** A device that has sent nothing yet; `key` is `station/device`. */
export function newDevice(key: string, session: string): LoadDevice {
  return {
    key,
    session,
    seq: 0,
    in: 0,
    out: 0,
    acked: { device: key, session, runs: [], firstAt: 0, lastAt: 0, in: 0, out: 0 },
  };
}
