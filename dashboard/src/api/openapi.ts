import { errorAnswerSchema } from '@waystation/shared/contracts/api';
import { z } from 'zod';
import type { Route } from './route.ts';

/** The OpenAPI 3.1 document of the routes. */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Waystation', version },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'waystation_session' },
      },
      schemas: { Error: schemaOf(errorAnswerSchema) },
    },
    paths,
  };
}

function operation(route: Route): Record<string, unknown> {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query =
    route.query === undefined
      ? undefined
      : (schemaOf(route.query, 'input') as { properties?: Record<string, unknown>; required?: string[] });
  const inQuery = Object.entries(query?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: query?.required?.includes(name) ?? false,
    schema,
  }));
  const json = (schema: unknown) => ({ 'application/json': { schema } });
  const error = { description: 'What is wrong', content: json({ $ref: '#/components/schemas/Error' }) };
  return {
    summary: route.summary,
    parameters: [...inPath, ...inQuery],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: json(schemaOf(route.body, 'input')) } }),
    security: route.access === 'open' ? [] : [{ bearer: [] }, { cookie: [] }],
    responses: {
      200: {
        description: 'The answer',
        ...(route.answer === undefined ? {} : { content: json(schemaOf(route.answer)) }),
      },
      default: error,
    },
  };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): unknown {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<
    string,
    unknown
  >;
  return rest;
}
