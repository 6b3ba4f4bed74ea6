import type { Server as HttpServer } from 'node:http';
import type { ClientEvents, LiveBatch, ServerEvents } from '@waystation/shared/contracts/live';
import type { RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import type { Clock } from '@waystation/shared/runtime/clock';
import { errorLine } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import { Server, type Socket } from 'socket.io';
import { identify, may } from '../auth/identify.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { StateView } from '../state-view.ts';

const pollMs = 100;
const recheckMs = 1_000;
/** A client that does not say it has drawn gets the next newest values after this long anyway. */
const drawnWithinMs = 10_000;
const maxClients = 5_000;

interface ClientData {
  token: string;
  /** '' = all stations; else one station with its devices; undefined = nothing asked for yet. */
  scope: string | undefined;
  /** Revision that the client was last sent. */
  held: number;
  epoch: number;
  waitsSince: number | undefined;
}
type LiveSocket = Socket<ClientEvents, ServerEvents, Record<string, never>, ClientData>;

export interface LiveFeedOptions {
  readonly http: HttpServer;
  readonly state: StateView;
  readonly sessions: Sessions;
  readonly registry: () => RegistrySnapshot;
  readonly clock: Clock;
  readonly log: Log;
}

export interface LiveFeed {
  start(): void;
  stop(): Promise<void>;
  metrics(): Record<string, number>;
}

/**
 * The live feed: one look at the newest revision every 100 ms, then for each (scope, revision held) one query and one serialisation, shared by all
 * clients there. A client gets the next batch only when it has drawn the last, so a slow one gets fewer and newer values, never a queue.
 */
export function createLiveFeed(options: LiveFeedOptions): LiveFeed {
  const { state, sessions, clock, log } = options;
  const io = new Server<ClientEvents, ServerEvents, Record<string, never>, ClientData>(options.http, {
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: 100_000,
    // Origin is checked by the cookie's SameSite; no other origin is let in.
    cors: { origin: false },
  });
  const counts = { batches: 0, snapshots: 0, refused: 0 };
  const timers: NodeJS.Timeout[] = [];
  let registryRevision = -1;

  io.use((socket, next) => {
    const given = socket.handshake.auth['token'];
    const identity = identify(
      socket.handshake.headers,
      sessions,
      options.registry(),
      typeof given === 'string' ? given : undefined,
    );
    if (identity === undefined || io.engine.clientsCount > maxClients) {
      counts.refused += 1;
      next(new Error(identity === undefined ? 'unauthorized' : 'too_many_clients'));
      return;
    }
    Object.assign(socket.data, {
      token: identity.token,
      scope: undefined,
      held: 0,
      epoch: 0,
      waitsSince: undefined,
    });
    next();
  });
  io.on('connection', (socket) => {
    socket.on('subscribe', (request, fromRevision, answer) => {
      const station = request?.scope === 'station' ? request.station : '';
      const user = userOf(socket);
      const refusal =
        user === undefined || !may(user, 'read', station || null)
          ? 'forbidden'
          : station !== '' && !options.registry().stations.has(station)
            ? 'not_found'
            : undefined;
      if (refusal !== undefined) {
        if (typeof answer === 'function')
          answer({
            ok: false,
            code: refusal,
            message: refusal === 'not_found' ? 'There is no such station.' : 'You may not see this.',
          });
        return;
      }
      const held =
        Number.isSafeInteger(fromRevision) && fromRevision > 0 && fromRevision <= state.newestRevision()
          ? fromRevision
          : 0;
      Object.assign(socket.data, {
        scope: station,
        held,
        epoch: held === 0 ? -1 : state.epoch(),
        waitsSince: undefined,
      });
      if (typeof answer === 'function') answer({ ok: true });
      send(state.newestRevision(), [socket]);
    });
    socket.on('unsubscribe', () => {
      socket.data.scope = undefined;
    });
    socket.on('drawn', () => {
      socket.data.waitsSince = undefined;
    });
  });

  const userOf = (socket: LiveSocket) => identify({}, sessions, options.registry(), socket.data.token)?.user;

  /** Sends what is new to those who are ready for it. */
  const send = (newest: number, sockets: Iterable<LiveSocket>) => {
    const now = clock.now();
    const epoch = state.epoch();
    const groups = new Map<string, { scope: string; held: number; sockets: LiveSocket[] }>();
    for (const socket of sockets) {
      const { scope, waitsSince } = socket.data;
      if (scope === undefined || (waitsSince !== undefined && now - waitsSince < drawnWithinMs)) continue;
      const held = socket.data.epoch === epoch ? socket.data.held : 0;
      if (held === newest && held !== 0) continue;
      if (socket.data.epoch === epoch && held >= newest) continue;
      const key = `${scope} ${held}`;
      const group = groups.get(key) ?? { scope, held, sockets: [] };
      group.sockets.push(socket);
      groups.set(key, group);
    }
    for (const { scope, held, sockets: ready } of groups.values()) {
      const batch = makeBatch(scope, held, newest, now);
      const isEmpty = batch.stations.length === 0 && batch.devices.length === 0 && !batch.snapshot;
      for (const socket of ready)
        Object.assign(socket.data, { held: newest, epoch, waitsSince: isEmpty ? undefined : now });
      if (isEmpty) continue;
      counts.batches += 1;
      if (batch.snapshot) counts.snapshots += 1;
      // One broadcast is serialised once for all its sockets.
      io.to(ready.map(({ id }) => id)).emit('changes', batch);
    }
  };

  const makeBatch = (scope: string, held: number, newest: number, now: number): LiveBatch => {
    const stations = state
      .stationsSince(held === 0 ? -1 : held)
      .filter(({ station }) => scope === '' || station === scope);
    const devices = scope === '' ? [] : state.devicesSince(held === 0 ? -1 : held, scope);
    return { snapshot: held === 0, revision: newest, now, stations, devices };
  };

  const every = (ms: number, work: () => void) => {
    timers.push(
      setInterval(() => {
        try {
          work();
        } catch (thrown) {
          log.error('the live feed failed', { error: errorLine(thrown) });
        }
      }, ms),
    );
  };

  return {
    start() {
      every(pollMs, () => send(state.newestRevision(), io.sockets.sockets.values()));
      every(recheckMs, () => {
        const { revision } = options.registry();
        if (registryRevision !== -1 && revision !== registryRevision) io.emit('registryChanged', revision);
        registryRevision = revision;
        for (const socket of io.sockets.sockets.values()) {
          if (userOf(socket) === undefined) socket.disconnect(true);
        }
      });
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      io.disconnectSockets(true);
      io.engine.close();
    },
    metrics: () => ({
      waystation_live_clients: io.engine.clientsCount,
      waystation_live_batches_total: counts.batches,
      waystation_live_snapshots_total: counts.snapshots,
      waystation_live_refused_total: counts.refused,
    }),
  };
}
