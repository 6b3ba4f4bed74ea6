import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyHistogram } from '../device-sim/src/load/latency-histogram.ts';
import { LoadConnection } from '../device-sim/src/load/load-connection.ts';
import { type LoadLogin, newDevice } from '../device-sim/src/load/run-load.ts';

export interface SteadyLoad {
  /** Publishes `rate` messages/s over all connections that are up until `isOver`; answers how many were acknowledged meanwhile. */
  offer(rate: number, isOver: () => boolean): Promise<number>;
  connected(): number;
  /** Publish to PUBACK since the last call. */
  takeLatency(): LatencyHistogram;
  close(): void;
}

export interface SteadyLoadOptions {
  readonly port: number;
  readonly logins: readonly LoadLogin[];
  readonly session: string;
  /** Number and counts from which the devices go on. */
  readonly from?: { readonly seq: number; readonly in: number; readonly out: number };
}

const openAtOnce = 500;

/** Many connections that stay up and publish evenly; one that is lost dials again by itself. Resolves when all are connected. */
export async function openSteadyLoad(options: SteadyLoadOptions): Promise<SteadyLoad> {
  let latency = new LatencyHistogram();
  let acknowledged = 0;
  const connections = options.logins.map(({ login, secret, devices }, index) => {
    const own = devices.map((key) => Object.assign(newDevice(key, options.session), options.from));
    return new LoadConnection(own, {
      host: '127.0.0.1',
      port: options.port,
      login,
      secret,
      clientId: login,
      localAddress: `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`,
      inFlight: 20,
      payloadBytes: 217,
      onAck(ms) {
        latency.add(ms);
        acknowledged += 1;
      },
    });
  });
  for (let first = 0; first < connections.length; first += openAtOnce) {
    await Promise.all(connections.slice(first, first + openAtOnce).map((connection) => connection.open()));
  }
  let turn = 0;
  return {
    async offer(rate, isOver) {
      const before = acknowledged;
      const startMs = performance.now();
      let offered = 0;
      while (!isOver()) {
        const wanted = Math.floor(((performance.now() - startMs) / 1_000) * rate);
        for (let tries = 0; offered < wanted && tries < connections.length; tries += 1) {
          offered += connections[turn++ % connections.length]!.publish(1);
        }
        // What no connection could take is not made up later: the rate is even.
        offered = Math.max(offered, wanted - rate / 10);
        await sleep(4);
      }
      return acknowledged - before;
    },
    connected: () => connections.filter((connection) => connection.isConnected).length,
    takeLatency() {
      const taken = latency;
      latency = new LatencyHistogram();
      return taken;
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}
