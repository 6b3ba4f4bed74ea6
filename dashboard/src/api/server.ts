import { WaystationError } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { type Identity, may } from '../auth/identify.ts';
import type { Call, Route } from './route.ts';

const maxBodyBytes = 65_536;

/** HTTP status of an error code; whatever is not here is a fault of ours. */
const statusOf: Readonly<Record<string, number>> = {
  invalid: 400,
  field_unknown: 400,
  cursor_invalid: 400,
  too_many_points: 400,
  unauthorized: 401,
  wrong_login: 401,
  forbidden: 403,
  foreign_origin: 403,
  not_found: 404,
  too_many_attempts: 429,
};

export interface ServerOptions {
  readonly routes: readonly Route[];
  readonly identify: (request: FastifyRequest) => Identity | undefined;
  readonly trustProxy: boolean;
  readonly log: Log;
}

/** Fastify with every route of the table, one check of who asks, one check of what is asked, and one shape of errors. */
export function createServer(options: ServerOptions): FastifyInstance {
  const server = fastify({
    bodyLimit: maxBodyBytes,
    trustProxy: options.trustProxy,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  });
  server.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    const known = error instanceof WaystationError ? statusOf[error.code] : undefined;
    if (known !== undefined)
      return fail(reply, known, (error as WaystationError).code, (error as WaystationError).line);
    if (error.statusCode !== undefined && error.statusCode < 500)
      return fail(reply, error.statusCode, 'invalid', error.message);
    options.log.error('request failed', {
      method: request.method,
      url: request.url,
      error: error.message,
      stack: error.stack,
    });
    return fail(reply, 500, 'internal', 'Something went wrong here; the log says what.');
  });
  for (const route of options.routes) {
    server.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => {
        const identity = options.identify(request);
        if (route.access === 'user') admit(route, request, identity);
        if (route.method !== 'GET' && identity?.by === 'cookie') checkOrigin(request);
        const call = {
          params: request.params,
          query: parse(route.query, request.query, 'query'),
          body: parse(route.body, request.body, 'body'),
          identity,
          request,
          reply,
        };
        return route.handle(call as unknown as Call<never, never>);
      },
    });
  }
  return server;
}

/** One shape for every error. */
export function fail(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').send({ error: { code, message } });
}

function admit(route: Route, request: FastifyRequest, identity: Identity | undefined): void {
  if (identity === undefined) throw new WaystationError({ code: 'unauthorized', message: 'Log in first.' });
  const station = (request.params as Record<string, string>)['id'] ?? null;
  if (!may(identity.user, route.method === 'GET' ? 'read' : 'act', station)) {
    throw new WaystationError({
      code: 'forbidden',
      message: 'You may not do this.',
      fix: 'An administrator can give you the right.',
    });
  }
}

/** A browser sends the cookie also for a foreign page's form; only our own pages may write with it. */
function checkOrigin(request: FastifyRequest): void {
  const { origin } = request.headers;
  if (origin !== undefined && new URL(origin).host !== request.host) {
    throw new WaystationError({ code: 'foreign_origin', message: 'This page may not act for you.' });
  }
}

function parse(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || where}: ${issue.message}`);
  throw new WaystationError({ code: 'invalid', message: `${faults.join('; ')}.` });
}
