import { join } from 'node:path';
import { healthAnswerSchema } from '@waystation/shared/contracts/api';
import type { RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import { ensureAdministrator } from '@waystation/shared/registry/first-administrator';
import { openRegistry, type Registry } from '@waystation/shared/registry/registry';
import { type Clock, systemClock } from '@waystation/shared/runtime/clock';
import type { Config } from '@waystation/shared/runtime/config';
import { errorLine } from '@waystation/shared/runtime/errors';
import type { Step } from '@waystation/shared/runtime/lifecycle';
import type { Log } from '@waystation/shared/runtime/log';
import { createLoginBackoff } from '@waystation/shared/runtime/login-backoff';
import { removeStatus, writeStatus } from '@waystation/shared/runtime/status-file';
import { openTelemetryStore } from '@waystation/shared/telemetry-store/open';
import type { TelemetryStore } from '@waystation/shared/telemetry-store/port';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { healthOf, prometheusText } from './api/health.ts';
import { loginRoutes } from './api/login-routes.ts';
import { openApiDocument } from './api/openapi.ts';
import { type Route, route } from './api/route.ts';
import { createServer } from './api/server.ts';
import { stationRoutes } from './api/station-routes.ts';
import { identify } from './auth/identify.ts';
import { openSessions, type Sessions } from './auth/sessions.ts';
import { createLiveFeed, type LiveFeed } from './live/live-feed.ts';
import { openStateView, type StateView } from './state-view.ts';
import { serveWebApp } from './static-files.ts';

export const version = '0.1.0';
const registryPollMs = 1_000;
const statusEveryMs = 1_000;
const serviceName = 'dashboard';

export interface DashboardOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock?: Clock;
  /** Folder of the built web app. */
  readonly webFolder?: string;
  /** Shows the first administrator's password; it is never shown again. */
  readonly showPassword: (password: string) => void;
}

export interface Dashboard {
  /** In the order of their start. */
  readonly steps: readonly Step[];
  /** Port that is open; known after the start. */
  port(): number;
  /** The route table; known after the start. */
  routes(): readonly Route[];
}

/** Puts the dashboard together; nothing happens before its steps are started. Only the registry must be writable: the rest may appear later. */
export function createDashboard(options: DashboardOptions): Dashboard {
  const { config, log, clock = systemClock } = options;
  let registry: Registry;
  let snapshot: RegistrySnapshot;
  let sessions: Sessions;
  let state: StateView;
  let store: TelemetryStore;
  let server: FastifyInstance;
  let live: LiveFeed;
  let routes: Route[] = [];
  const timers: NodeJS.Timeout[] = [];
  const backoff = createLoginBackoff(clock);

  const every = (ms: number, name: string, work: () => Promise<void> | void) => {
    timers.push(
      setInterval(
        () =>
          void Promise.resolve()
            .then(work)
            .catch((thrown) => log.error(`${name} failed`, { error: errorLine(thrown) })),
        ms,
      ),
    );
  };

  const systemRoutes = (): Route[] => [
    route({
      method: 'GET',
      path: '/api/health',
      summary: 'What works, what does not, and what to do about it',
      access: 'open',
      answer: healthAnswerSchema,
      handle({ reply }) {
        const health = healthOf(config.dataDir, clock.now(), version, snapshot.district.demo);
        reply.code(health.status === 'failed' ? 503 : 200);
        return health;
      },
    }),
    route({
      method: 'GET',
      path: '/metrics',
      summary: 'Metrics of all services for Prometheus',
      access: 'user',
      handle: ({ reply }) =>
        reply
          .type('text/plain; version=0.0.4; charset=utf-8')
          .send(prometheusText(config.dataDir, clock.now())),
    }),
    route({
      method: 'GET',
      path: '/api/openapi.json',
      summary: 'This description',
      access: 'open',
      answer: z.record(z.string(), z.unknown()),
      handle: () => openApiDocument(routes, version),
    }),
  ];

  const steps: Step[] = [
    {
      name: 'registry',
      async start() {
        registry = await openRegistry(config.dataDir);
        const { generatedPassword } = await ensureAdministrator(registry, config.ADMIN_PASSWORD);
        if (generatedPassword !== null) options.showPassword(generatedPassword);
        snapshot = await registry.loadSnapshot();
        every(registryPollMs, 'registry poll', async () => {
          if ((await registry.newestRevision()) !== snapshot.revision)
            snapshot = await registry.loadSnapshot();
        });
      },
      stop() {
        for (const timer of timers) clearInterval(timer);
        registry.close();
      },
    },
    {
      name: 'stores',
      start() {
        sessions = openSessions(config.dataDir, clock);
        state = openStateView(config.dataDir);
        store = openTelemetryStore(config, 'read');
      },
      async stop() {
        sessions.close();
        state.close();
        await store.close();
      },
    },
    {
      name: 'http',
      async start() {
        const current = () => snapshot;
        routes = [
          ...systemRoutes(),
          ...loginRoutes({
            registry: current,
            sessions,
            backoff,
            secure: config.PUBLIC_URL?.startsWith('https:') ?? false,
          }),
          ...stationRoutes({ registry: current, state, store, clock }),
        ];
        server = createServer({
          routes,
          identify: ({ headers }) => identify(headers, sessions, snapshot),
          trustProxy: config.TRUST_PROXY === 'true',
          log,
        });
        serveWebApp(server, options.webFolder ?? join(import.meta.dirname, '../dist'));
        live = createLiveFeed({ http: server.server, state, sessions, registry: current, clock, log });
        await server.listen({ host: config.HOST, port: config.HTTP_PORT });
        live.start();
        log.info('dashboard ready', { address: `http://${config.HOST}:${port()}` });
      },
      async stop() {
        await live.stop();
        await server.close();
      },
    },
    {
      name: 'status',
      start() {
        const report = () =>
          writeStatus(config.dataDir, {
            service: serviceName,
            pid: process.pid,
            at: clock.now(),
            state: 'ok',
            problems: [],
            metrics: {
              ...live.metrics(),
              ...sessions.metrics(),
              waystation_dashboard_resident_bytes: process.memoryUsage.rss(),
            },
          });
        report();
        every(statusEveryMs, 'status', report);
      },
      stop: () => removeStatus(config.dataDir, serviceName),
    },
  ];
  const port = () => (server.server.address() as { port: number }).port;
  return { steps, port, routes: () => routes };
}
