import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { secrets, startTestbed } from './testbed.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waystation-tls-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A self-signed certificate for localhost, or undefined (with a line) where Debian's openssl is not installed. */
function certificate(): { cert: string; key: string } | undefined {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost';
  const made = spawnSync('openssl', [...words.split(' '), '-keyout', key, '-out', cert]);
  if (made.status === 0) return { cert, key };
  const line = 'openssl is not installed (Debian package openssl)';
  if (process.env['CI'] === 'true') throw new Error(line);
  process.stderr.write(`skipped: ${line}\n`);
  return undefined;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

it('acknowledges a reading over TLS that is in the journal', async (context) => {
  const files = certificate();
  if (files === undefined) return context.skip();
  const port = await freePort();
  const bed = await startTestbed({ MQTTS_PORT: String(port), TLS_CERT: files.cert, TLS_KEY: files.key });
  try {
    const client = await connectAsync(`mqtts://127.0.0.1:${port}`, {
      username: 's1/door-1',
      password: secrets['s1/door-1']!,
      clientId: 's1/door-1',
      reconnectPeriod: 0,
      rejectUnauthorized: false,
    });
    await client.publishAsync('ws/1/s1/door-1/telemetry', 'over tls', { qos: 1 });
    const kept = (await bed.records()).filter((record) => record.type === 'message');
    expect(kept.map(({ payload }) => payload.toString())).toEqual(['over tls']);
    await client.endAsync();
  } finally {
    await bed.stop();
  }
});

it('names a certificate that cannot be read in one line, with exit code 2', async () => {
  const env = {
    ...process.env,
    DATA_DIR: join(folder, 'data'),
    MQTT_PORT: '0',
    MQTT_WS_PORT: '0',
    MQTTS_PORT: String(await freePort()),
    TLS_CERT: join(folder, 'nowhere.pem'),
    TLS_KEY: join(folder, 'nowhere.key'),
  };
  const main = join(import.meta.dirname, '../src/main.ts');
  const result = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
    env,
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(result.status).toBe(2);
  expect(result.stderr.trim().split('\n')).toHaveLength(1);
  expect(result.stderr).toContain('TLS_CERT or TLS_KEY cannot be read');
  expect(readdirSync(folder)).not.toContain('nowhere.pem');
});
