import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fail } from './api/server.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
};
const compressible = new Set(['.html', '.js', '.css', '.svg', '.json']);

/** No foreign origin and no inline script; styles may be inline because antd makes them at run time. */
const contentSecurityPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const notBuilt =
  '<!doctype html><meta charset="utf-8"><title>Waystation</title><p>网页尚未构建，请用 npm start 启动。 The web app is not built yet: start with npm start.</p>';

interface StaticFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer | undefined;
  readonly isHashed: boolean;
}

/** Serves the built web app from memory; every other path that is no API path is the app's own (client routes). */
export function serveWebApp(server: FastifyInstance, folder: string): void {
  const files = loadFiles(folder);
  server.addHook('onSend', async (_request, reply) => {
    reply.header('content-security-policy', contentSecurityPolicy);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'same-origin');
  });
  server.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    const path = decodeURI(request.url.split('?')[0] ?? '/').replace(/^\//, '');
    const isPage = request.method === 'GET' || request.method === 'HEAD';
    const file = files.get(path);
    if (
      !isPage ||
      path.startsWith('api/') ||
      path.startsWith('socket.io/') ||
      (file === undefined && extname(path) !== '')
    ) {
      return fail(reply, 404, 'not_found', 'There is nothing here.');
    }
    const index = files.get('index.html');
    const found = file ?? index;
    if (found === undefined) return reply.code(503).type(types['.html']!).send(notBuilt);
    reply
      .type(found.type)
      .header('cache-control', found.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      .header('vary', 'accept-encoding');
    if (found.gzip !== undefined && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')))
      return reply.header('content-encoding', 'gzip').send(found.gzip);
    return reply.send(found.plain);
  });
}

function loadFiles(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue;
    const path = join(entry.parentPath, entry.name);
    const plain = readFileSync(path);
    const ending = extname(entry.name);
    const name = relative(folder, path).replaceAll('\\', '/');
    files.set(name, {
      type: types[ending] ?? 'application/octet-stream',
      plain,
      gzip: compressible.has(ending) ? gzipSync(plain) : undefined,
      isHashed: name.startsWith('assets/'),
    });
  }
  return files;
}
