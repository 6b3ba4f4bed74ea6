import { join } from 'node:path';
import type { RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import { type JournalFiles, type JournalWriter, openJournalWriter } from '@waystation/shared/journal/writer';
import { openRegistryReader, type RegistryReader } from '@waystation/shared/registry/registry-reader';
import { type Clock, systemClock } from '@waystation/shared/runtime/clock';
import type { Config } from '@waystation/shared/runtime/config';
import { errorLine } from '@waystation/shared/runtime/errors';
import type { Step } from '@waystation/shared/runtime/lifecycle';
import type { Log } from '@waystation/shared/runtime/log';
import { createLoginBackoff } from '@waystation/shared/runtime/login-backoff';
import { loadSecretKey } from '@waystation/shared/runtime/secret-key';
import { readStatuses, type ServiceStatus, writeStatus } from '@waystation/shared/runtime/status-file';
import { Aedes, type AuthenticateError, type Client } from 'aedes';
import {
  guardPacketLength,
  limitOfflineQueues,
  passFrozenSubscriber,
  skipDelivery,
} from './aedes-internals.ts';
import { Chronicle } from './chronicle.ts';
import { newCounters } from './counters.ts';
import { createIntake } from './intake.ts';
import { addressOf, type Listeners, openListeners } from './listeners.ts';
import { judgeLogin } from './login.ts';
import { expireSessions } from './persistent-sessions.ts';
import { Sessions } from './session.ts';
import { describe, type StatusParts } from './status.ts';
import { hasControlCharacters, isDelivered, maxTopicLevels, maySubscribe } from './topic-rules.ts';

export const version = '0.1.0';

/** Largest CONNECT: ids, a login, a secret and a will of a status message. */
const maxConnectBytes = 4_096;
/** Room for topic and header beside the payload that MAX_PACKET_BYTES bounds. */
const packetOverheadBytes = 512;
const maxSubscriptionsPerClient = 64;
/** Commands that wait for an absent device; they expire anyway. */
const maxQueuedPerClient = 50;
const connectTimeoutMs = 10_000;
/** A subscriber that takes no bytes for this long is closed (FACTS: at Aedes' 60 s it starves healthy ones). */
const drainTimeoutMs = 5_000;
/** What may wait in the socket of a subscriber that reads slowly, beside what the kernel holds. */
const maxWaitingBytes = 1_048_576;
const keepaliveLimitS = 3_600;
const registryPollMs = 1_000;
const statusEveryMs = 1_000;

export interface BrokerOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock?: Clock;
  /** File calls of the journal, for injected faults. */
  readonly journalFiles?: JournalFiles;
}

export interface Broker {
  /** In the order of their start. */
  readonly steps: readonly Step[];
  /** The ports that are open; known after the start. */
  ports(): Listeners['ports'];
  status(): ServiceStatus;
}

/** Puts the broker together; nothing happens before its steps are started. */
export function createBroker({ config, log, clock = systemClock, journalFiles }: BrokerOptions): Broker {
  const counters = newCounters();
  const sessions = new Sessions();
  const backoff = createLoginBackoff(clock);
  let registry: RegistryReader;
  let snapshot: RegistrySnapshot;
  let journal: JournalWriter;
  let chronicle: Chronicle;
  let aedes: Aedes;
  let listeners: Listeners;
  let offline: ReturnType<typeof limitOfflineQueues>;
  let statusParts: StatusParts;
  const timers: NodeJS.Timeout[] = [];

  const every = (ms: number, work: () => Promise<void> | void, name: string) => {
    let busy = false;
    timers.push(
      setInterval(async () => {
        if (busy) return;
        busy = true;
        try {
          await work();
        } catch (thrown) {
          log.error(`${name} failed`, { error: errorLine(thrown) });
        } finally {
          busy = false;
        }
      }, ms),
    );
  };

  const followRegistry = async () => {
    if ((await registry.newestRevision()) === snapshot.revision) return;
    const next = await registry.loadSnapshot();
    await chronicle.settings(next.revision);
    snapshot = next;
    for (const [client, session] of sessions) {
      if (session.hash === null || next.logins.get(session.login)?.hash === session.hash) continue;
      counters.revoked += 1;
      log.info('login revoked or rotated, connection closed', { login: session.login });
      client.close();
    }
  };

  const startAedes = async () => {
    const loginRules = {
      registry: () => snapshot,
      secretKey: loadSecretKey(config.secretKeyFile),
      backoff,
      counters,
      clock,
      maxPublishesPerSecond: config.MAX_PUBLISHES_PER_SECOND,
    };
    aedes = await Aedes.createBroker({
      concurrency: 1_000,
      connectTimeout: connectTimeoutMs,
      drainTimeout: drainTimeoutMs,
      keepaliveLimit: keepaliveLimitS,
      maxClientsIdLength: 128,
      maxTopicLevels,
      preConnect(client, packet, callback) {
        const isLongEnough = ((packet as { length?: number }).length ?? 0) <= maxConnectBytes;
        // An empty client id with a session to keep has nobody to keep it for [MQTT-3.1.3-8].
        const isNamed = packet.clientId !== '' || packet.clean === true;
        if (!isLongEnough) counters.oversized += 1;
        clientIds.set(client, packet.clientId);
        callback(null, isLongEnough && isNamed);
        if (!isLongEnough || !isNamed) client.conn.destroy();
      },
      authenticate(client, username, password, done) {
        const attempt = {
          clientId: clientIds.get(client) ?? '',
          username,
          password,
          address: addressOf(client.conn),
        };
        const outcome = judgeLogin(attempt, loginRules);
        if (typeof outcome === 'number') {
          done(
            Object.assign(new Error('login refused'), { returnCode: outcome }) as AuthenticateError,
            false,
          );
          return;
        }
        sessions.add(client, outcome);
        done(null, true);
      },
      authorizePublish: createIntake({
        journal,
        chronicle,
        sessions,
        counters,
        log,
        maxPacketBytes: config.MAX_PACKET_BYTES,
      }),
      authorizeSubscribe(client, subscription, done) {
        const session = sessions.get(client);
        const count = Object.keys((client as unknown as { subscriptions: object }).subscriptions).length;
        const allowed =
          session !== undefined &&
          count < maxSubscriptionsPerClient &&
          !hasControlCharacters(subscription.topic) &&
          maySubscribe(session.principal, subscription.topic);
        if (!allowed) counters.deniedSubscriptions += 1;
        done(null, allowed ? subscription : null);
      },
    });
    skipDelivery(aedes, isDelivered);
    offline = limitOfflineQueues(aedes, maxQueuedPerClient);
    aedes.on('client', (client) => {
      const session = sessions.get(client);
      if (session === undefined) return;
      sessions.opened(client, session);
      chronicle.connected(session, client.id, () => client.close());
    });
    aedes.on('clientDisconnect', (client) => endSession(client, 'closed'));
    aedes.on('connectionError', (client) => endSession(client, 'error'));
    const expiry = expireSessions(aedes, clock, (clientId) => offline.forget(clientId), counters);
    every(60_000, expiry, 'session expiry');
  };

  const endSession = (client: Client, reason: string) => {
    const session = sessions.get(client);
    session?.rate?.stop();
    if (session !== undefined && sessions.closed(client)) chronicle.disconnected(session, reason);
  };

  const guardNewClients = () => {
    const handle = aedes.handle.bind(aedes);
    aedes.handle = (stream, request) => {
      const client = handle(stream, request);
      const limit = () =>
        sessions.isOpen(client) ? config.MAX_PACKET_BYTES + packetOverheadBytes : maxConnectBytes;
      passFrozenSubscriber(client, maxWaitingBytes, () => {
        counters.frozenSubscribers += 1;
      });
      guardPacketLength(client, limit, () => {
        counters.oversized += 1;
        client.conn.destroy();
      });
      return client;
    };
  };

  const steps: Step[] = [
    {
      name: 'registry',
      async start() {
        registry = openRegistryReader(config.dataDir);
        snapshot = await registry.loadSnapshot();
      },
      stop: () => registry.close(),
    },
    {
      name: 'journal',
      async start() {
        journal = await openJournalWriter({
          dir: join(config.dataDir, 'journal'),
          log,
          clock,
          expectedReaders: ['state', 'store'],
          ...(journalFiles === undefined ? {} : { files: journalFiles }),
        });
        const before = readStatuses(config.dataDir).find(({ service }) => service === 'broker');
        chronicle = new Chronicle(journal, clock, log, counters, before?.at ?? 0);
      },
      stop: () => journal.close(),
    },
    {
      name: 'mqtt',
      start: startAedes,
      async stop() {
        chronicle.stop();
        await new Promise<void>((resolve) => aedes.close(() => resolve()));
      },
    },
    {
      name: 'listeners',
      async start() {
        guardNewClients();
        const tls =
          config.MQTTS_PORT === undefined
            ? undefined
            : { port: config.MQTTS_PORT, certFile: config.TLS_CERT ?? '', keyFile: config.TLS_KEY ?? '' };
        listeners = await openListeners(
          {
            host: config.MQTT_HOST,
            port: config.MQTT_PORT,
            wsPort: config.MQTT_WS_PORT,
            tls,
            maxConnections: config.MAX_CONNECTIONS,
            maxConnectionsPerAddress: config.MAX_CONNECTIONS_PER_ADDRESS,
            maxMessageBytes: config.MAX_PACKET_BYTES + packetOverheadBytes,
            trustProxy: config.TRUST_PROXY === 'true',
          },
          aedes,
          counters,
        );
        await chronicle.start(version, snapshot.revision);
        log.info('broker ready', { ...listeners.ports, logins: snapshot.logins.size });
      },
      async stop() {
        // Clients first, so that their ends are journaled; then whoever never logged in.
        for (const [client] of sessions) client.close();
        await listeners.close();
      },
    },
    {
      name: 'watch',
      start() {
        statusParts = {
          counters,
          sessions,
          backoff,
          journal,
          offlineDropped: () => offline.dropped(),
          connections: () => listeners.connections(),
        };
        every(registryPollMs, followRegistry, 'registry poll');
        every(statusEveryMs, () => writeStatus(config.dataDir, describe(statusParts, clock)), 'status');
        writeStatus(config.dataDir, describe(statusParts, clock));
      },
      stop() {
        for (const timer of timers) clearInterval(timer);
      },
    },
  ];
  const clientIds = new WeakMap<Client, string>();
  return { steps, ports: () => listeners.ports, status: () => describe(statusParts, clock) };
}
