import { idPattern } from '@waystation/shared/contracts/topics';

/** Who is at the other end of a connection; decided by the login name (DESIGN 4). */
export type Principal =
  | { readonly kind: 'device'; readonly station: string; readonly device: string }
  | { readonly kind: 'gateway'; readonly station: string }
  | { readonly kind: 'replay'; readonly station: string }
  | { readonly kind: 'service'; readonly name: string };

/** `{station}/{device}`, `{station}`, `{station}:replay` or `service:{name}`; `undefined` for any other name. */
export function parsePrincipal(login: string): Principal | undefined {
  if (login.startsWith('service:')) {
    const name = login.slice('service:'.length);
    return idPattern.test(name) ? { kind: 'service', name } : undefined;
  }
  if (login.endsWith(':replay')) {
    const station = login.slice(0, -':replay'.length);
    return idPattern.test(station) ? { kind: 'replay', station } : undefined;
  }
  const [station, device, ...rest] = login.split('/');
  if (station === undefined || !idPattern.test(station) || rest.length > 0) return undefined;
  if (device === undefined) return { kind: 'gateway', station };
  return idPattern.test(device) ? { kind: 'device', station, device } : undefined;
}

/** The client id equals the login or starts with `login:`; an empty one is assigned by the broker. */
export function clientIdFits(clientId: string, login: string): boolean {
  return clientId === '' || clientId === login || clientId.startsWith(`${login}:`);
}
