import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { errorLine, WaystationError } from '@waystation/shared/runtime/errors';
import { portFault } from '@waystation/shared/runtime/ports';
import type { Aedes } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { BrokerCounters } from './counters.ts';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly wsPort: number;
  readonly tls: { readonly port: number; readonly certFile: string; readonly keyFile: string } | undefined;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Largest WebSocket message, bytes; MQTT packets inside are guarded again. */
  readonly maxMessageBytes: number;
  /** Believe X-Forwarded-For of WebSocket requests. */
  readonly trustProxy: boolean;
}

export interface Listeners {
  readonly ports: { readonly mqtt: number; readonly ws: number; readonly mqtts: number | undefined };
  connections(): number;
  /** Stops accepting; open connections are closed by whoever owns them. */
  close(): Promise<void>;
}

/**
 * Opens TCP, WebSocket and, when configured, TLS. `handle` gets each accepted stream with the address it came from.
 * @throws WaystationError `port_in_use`, `tls_files_unusable`; what was opened before is closed again.
 */
export async function openListeners(
  options: ListenerOptions,
  aedes: Aedes,
  counters: BrokerCounters,
): Promise<Listeners> {
  const gate = createGate(options, counters);
  const servers: Server[] = [];
  const accept = (stream: Duplex, address: string, request?: IncomingMessage) => {
    if (!gate.enter(stream, address)) {
      stream.destroy();
      return;
    }
    addresses.set(stream, address);
    aedes.handle(stream as Socket, request);
  };

  const tcp = createServer({ noDelay: true, keepAlive: true }, (socket) =>
    accept(socket, socket.remoteAddress ?? ''),
  );
  const http = createHttpServer((_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain' }).end('This port speaks MQTT over WebSocket.\n');
  });
  const sockets = new WebSocketServer({
    server: http,
    handleProtocols: () => 'mqtt',
    perMessageDeflate: false,
    maxPayload: options.maxMessageBytes,
  });
  sockets.on('connection', (socket, request) => {
    const forwarded = options.trustProxy
      ? String(request.headers['x-forwarded-for'] ?? '')
          .split(',')[0]
          ?.trim()
      : '';
    accept(createWebSocketStream(socket), forwarded || (request.socket.remoteAddress ?? ''), request);
  });

  try {
    const mqtt = await listen(tcp, options.host, options.port, 'MQTT_PORT');
    servers.push(tcp);
    const ws = await listen(http, options.host, options.wsPort, 'MQTT_WS_PORT');
    servers.push(http);
    let mqtts: number | undefined;
    if (options.tls !== undefined) {
      const tls = createTlsServer(readTlsFiles(options.tls), (socket) =>
        accept(socket, socket.remoteAddress ?? ''),
      );
      mqtts = await listen(tls, options.host, options.tls.port, 'MQTTS_PORT');
      servers.push(tls);
    }
    return {
      ports: { mqtt, ws, mqtts },
      connections: gate.size,
      close: () => closeAll(servers, sockets, gate.empty),
    };
  } catch (thrown) {
    await closeAll(servers, sockets, gate.empty);
    throw thrown;
  }
}

const addresses = new WeakMap<Duplex, string>();

/** The address that a stream came from, as the listener saw it. */
export function addressOf(stream: unknown): string {
  return addresses.get(stream as Duplex) ?? '';
}

/** Counts connections in all and per address, and turns away what is too much. */
function createGate(options: ListenerOptions, counters: BrokerCounters) {
  const perAddress = new Map<string, number>();
  const open = new Set<Duplex>();
  return {
    size: () => open.size,
    /** Ends every connection that is still open. */
    empty() {
      for (const stream of open) stream.destroy();
    },
    enter(stream: Duplex, address: string): boolean {
      const here = perAddress.get(address) ?? 0;
      if (open.size >= options.maxConnections) counters.connectionsRefused += 1;
      else if (here >= options.maxConnectionsPerAddress) counters.connectionsRefusedPerAddress += 1;
      else {
        open.add(stream);
        perAddress.set(address, here + 1);
        stream.once('close', () => {
          open.delete(stream);
          const left = (perAddress.get(address) ?? 1) - 1;
          if (left === 0) perAddress.delete(address);
          else perAddress.set(address, left);
        });
        return true;
      }
      stream.on('error', () => undefined);
      return false;
    },
  };
}

function listen(server: Server, host: string, port: number, variable: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(portFault({ variable, host, port }, error)));
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined);
      resolve((server.address() as { port: number }).port);
    });
  });
}

function readTlsFiles(tls: { certFile: string; keyFile: string }): {
  cert: Buffer;
  key: Buffer;
  noDelay: boolean;
} {
  try {
    return { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile), noDelay: true };
  } catch (thrown) {
    throw new WaystationError({
      code: 'tls_files_unusable',
      message: `TLS_CERT or TLS_KEY cannot be read: ${errorLine(thrown)}.`,
      fix: 'Give readable PEM files.',
      cause: thrown,
    });
  }
}

async function closeAll(servers: Server[], sockets: WebSocketServer, empty: () => void): Promise<void> {
  sockets.close();
  const closed = Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
  // A server's close waits for its connections.
  empty();
  await closed;
}
