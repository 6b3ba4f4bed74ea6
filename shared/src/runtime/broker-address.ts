import type { Config } from './config.ts';

/** Where a program on this machine reaches the broker: MQTT_HOST, or the loopback address when it listens on all. */
export function brokerAddress(config: Pick<Config, 'MQTT_HOST' | 'MQTT_PORT'>): {
  host: string;
  port: number;
} {
  const everywhere = ['0.0.0.0', '::', '*'];
  const host = everywhere.includes(config.MQTT_HOST) ? '127.0.0.1' : config.MQTT_HOST;
  return { host, port: config.MQTT_PORT };
}

/** The same as an address for an MQTT client. */
export function brokerUrl(config: Pick<Config, 'MQTT_HOST' | 'MQTT_PORT'>): string {
  const { host, port } = brokerAddress(config);
  return `mqtt://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
