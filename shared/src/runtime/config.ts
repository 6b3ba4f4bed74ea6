import { resolve } from 'node:path';
import { z } from 'zod';
import { WaystationError } from './errors.ts';

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port number from 0 to 65535');
const url = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });
const whole = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`)
    .default(fallback);

const environmentSchema = z
  .object({
    DATA_DIR: z.string().min(1).default('./data'),
    HOST: z.string().min(1).default('127.0.0.1'),
    HTTP_PORT: port.default(3000),
    MQTT_HOST: z.string().min(1).default('127.0.0.1'),
    MQTT_PORT: port.default(1883),
    MQTT_WS_PORT: port.default(8083),
    MQTTS_PORT: port.optional(),
    TLS_CERT: z.string().min(1).optional(),
    TLS_KEY: z.string().min(1).optional(),
    PUBLIC_URL: url.optional(),
    TRUST_PROXY: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'),
    INFLUX_URL: url.optional(),
    INFLUX_DATABASE: z
      .string()
      .regex(/^[^/]+$/, 'must be a database name without "/"')
      .optional(),
    INFLUX_USERNAME: z.string().optional(),
    INFLUX_PASSWORD: z.string().optional(),
    SECRET_KEY_FILE: z.string().min(1).optional(),
    ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').optional(),
    DEMO: z.enum(['auto', 'off'], { error: 'must be auto or off' }).default('auto'),
    LOG_LEVEL: z
      .enum(['debug', 'info', 'warn', 'error'], { error: 'must be debug, info, warn or error' })
      .default('info'),
    LOG_FORMAT: z.enum(['json', 'pretty'], { error: 'must be json or pretty' }).default('json'),
    MAX_PACKET_BYTES: whole(65_536, 1_024, 1_048_576),
    MAX_CONNECTIONS: whole(20_000, 1, 1_000_000),
    MAX_CONNECTIONS_PER_ADDRESS: whole(1_000, 1, 1_000_000),
    MAX_PUBLISHES_PER_SECOND: whole(50, 1, 1_000_000),
  })
  .superRefine((env, context) => {
    if (env.MQTTS_PORT !== undefined && (env.TLS_CERT === undefined || env.TLS_KEY === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['MQTTS_PORT'],
        message: 'needs TLS_CERT and TLS_KEY as well',
      });
    }
    if (env.INFLUX_URL !== undefined && env.INFLUX_DATABASE === undefined) {
      context.addIssue({ code: 'custom', path: ['INFLUX_URL'], message: 'needs INFLUX_DATABASE as well' });
    }
  });

/** Every variable that is read, as the README lists them. */
export const variableNames = Object.keys(environmentSchema.shape);

export type Environment = z.output<typeof environmentSchema>;

/** The configuration of one process; `dataDir` is absolute. */
export interface Config extends Environment {
  readonly dataDir: string;
  readonly secretKeyFile: string;
}

/**
 * Reads and checks the whole environment at once.
 * @throws WaystationError `config_invalid` naming every wrong variable and what it must be, on one line.
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const known = Object.fromEntries(
    Object.keys(environmentSchema.shape)
      .map((name) => [name, env[name]] as const)
      // An empty variable is what a compose file gives for "not set".
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = environmentSchema.safeParse(known);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
    throw new WaystationError({
      code: 'config_invalid',
      message: `Wrong setting: ${faults.join('; ')}.`,
      fix: 'Correct the environment and start again.',
    });
  }
  const dataDir = resolve(parsed.data.DATA_DIR);
  return {
    ...parsed.data,
    dataDir,
    secretKeyFile: resolve(parsed.data.SECRET_KEY_FILE ?? `${dataDir}/secret.key`),
  };
}
