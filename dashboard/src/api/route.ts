import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Identity } from '../auth/identify.ts';

/** What a handler gets: checked input, and who asks. */
export interface Call<Q, B> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  readonly identity: Identity | undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** One endpoint: Fastify's routes, the OpenAPI document and the test of who may what are all made of these. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  /** `open`: without login. `user`: a login is needed, and the policy is asked with the `:id` station of the path. */
  readonly access: 'open' | 'user';
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Absent: the answer is no JSON. */
  readonly answer?: z.ZodType;
  handle(call: Call<never, never>): unknown;
}

/** A route whose handler's input types come from its schemas. */
export function route<Q extends z.ZodType = z.ZodUndefined, B extends z.ZodType = z.ZodUndefined>(
  definition: Omit<Route, 'handle' | 'query' | 'body'> & {
    query?: Q;
    body?: B;
    handle(call: Call<z.output<Q>, z.output<B>>): unknown;
  },
): Route {
  return definition as unknown as Route;
}
