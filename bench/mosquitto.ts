import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engines, findEngine } from '../test/engines.ts';
import { eventually, freePorts } from '../test/platform.ts';

export interface Mosquitto {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Debian's mosquitto on a free loopback port, tuned so that nothing is dropped and nothing goes to disk;
 * `undefined` when it is not installed.
 */
export async function startMosquitto(): Promise<Mosquitto | undefined> {
  const binary = findEngine(engines[0]);
  if (binary === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'waystation-mosquitto-'));
  const [port] = await freePorts(1);
  const settings = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'max_queued_messages 0',
    'max_inflight_messages 1000',
    'set_tcp_nodelay true',
    'log_dest none',
  ];
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `${settings.join('\n')}\n`);
  const child = spawn(binary, ['-c', file], { stdio: 'ignore' });
  await eventually(() => reachable(port!), 5_000);
  return {
    port: port!,
    pid: child.pid!,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function reachable(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
