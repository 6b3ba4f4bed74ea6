import { expect, it } from 'vitest';
import { loadConfig } from './config.ts';
import { WaystationError } from './errors.ts';

const messageOf = (env: NodeJS.ProcessEnv) => {
  try {
    loadConfig(env);
  } catch (thrown) {
    if (thrown instanceof WaystationError) return thrown.line;
  }
  return undefined;
};

it('has defaults for everything', () => {
  const config = loadConfig({});
  expect(config).toMatchObject({
    HOST: '127.0.0.1',
    HTTP_PORT: 3000,
    MQTT_PORT: 1883,
    MQTT_WS_PORT: 8083,
    DEMO: 'auto',
  });
  expect(config.secretKeyFile).toBe(`${config.dataDir}/secret.key`);
});

it('takes an empty variable as not set', () => {
  expect(loadConfig({ HTTP_PORT: '', PUBLIC_URL: '' }).HTTP_PORT).toBe(3000);
});

it.each([
  [{ HTTP_PORT: '30x0' }, 'HTTP_PORT must be a port number'],
  [{ MQTT_PORT: '70000' }, 'MQTT_PORT must be a port number'],
  [{ DEMO: 'maybe' }, 'DEMO must be auto or off'],
  [{ PUBLIC_URL: 'station.example' }, 'PUBLIC_URL must be an http or https address'],
  [{ MQTTS_PORT: '8883' }, 'MQTTS_PORT needs TLS_CERT and TLS_KEY'],
  [{ INFLUX_URL: 'http://127.0.0.1:8086' }, 'INFLUX_URL needs INFLUX_DATABASE'],
  [{ MAX_PACKET_BYTES: '12k' }, 'MAX_PACKET_BYTES must be a whole number'],
  [{ ADMIN_PASSWORD: 'short' }, 'ADMIN_PASSWORD must have at least 8 characters'],
])('names the wrong variable and what it must be: %o', (env, part) => {
  expect(messageOf(env)).toContain(part);
});

it('names all wrong variables at once, on one line', () => {
  const line = messageOf({ HTTP_PORT: 'a', MQTT_PORT: 'b' });
  expect(line).toContain('HTTP_PORT');
  expect(line).toContain('MQTT_PORT');
  expect(line).not.toContain('\n');
});
