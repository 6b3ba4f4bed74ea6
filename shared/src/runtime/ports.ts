import { createServer } from 'node:net';
import { errorCode, WaystationError } from './errors.ts';

/** A port that a service will listen on, and the variable that sets it. */
export interface WantedPort {
  readonly variable: string;
  readonly host: string;
  readonly port: number;
}

/**
 * Tries every port before anything opens (DESIGN 4).
 * @throws WaystationError `port_in_use` naming the port and the variable.
 */
export async function checkPorts(wanted: readonly WantedPort[]): Promise<void> {
  const seen = new Map<string, string>();
  for (const { variable, host, port } of wanted) {
    if (port === 0) continue;
    const same = seen.get(`${host}:${port}`);
    if (same !== undefined) {
      throw new WaystationError({
        code: 'config_invalid',
        message: `${variable} and ${same} are both ${port}.`,
        fix: 'Give each its own port.',
      });
    }
    seen.set(`${host}:${port}`, variable);
  }
  for (const entry of wanted) await tryPort(entry);
}

function tryPort({ variable, host, port }: WantedPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => reject(portFault({ variable, host, port }, error)));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve()));
  });
}

/** Why a port cannot be opened, for people: names the port, the variable that sets it and what to do. */
export function portFault({ variable, host, port }: WantedPort, error: Error): WaystationError {
  const isBusy = errorCode(error) === 'EADDRINUSE';
  return new WaystationError({
    code: isBusy ? 'port_in_use' : 'port_unusable',
    message: isBusy
      ? `Port ${port} (${variable}) on ${host} is in use by another program.`
      : `Port ${port} (${variable}) on ${host} cannot be opened: ${error.message}.`,
    fix: `Stop that program, or set ${variable} to a free port.`,
    cause: error,
  });
}
