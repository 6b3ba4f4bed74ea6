/** A whole Waystation for a system test: real processes, files of its own, free ports, stopped by process id. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeArguments } from '../shared/src/runtime/node-arguments.ts';

export const root = join(import.meta.dirname, '..');
export const services = ['broker', 'ingest', 'dashboard'] as const;
export type Service = (typeof services)[number];

export interface PlatformOptions {
  readonly services?: readonly Service[];
  /** District file (YAML) to import before the start. */
  readonly district?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Folder to use instead of a new one in the system's temporary folder. */
  readonly dataDir?: string;
}

export interface Platform {
  readonly dataDir: string;
  readonly mqttPort: number;
  readonly url: string;
  readonly env: NodeJS.ProcessEnv;
  readonly adminPassword: string;
  /** Starts a service and waits until it is ready. */
  start(service: Service): Promise<void>;
  kill(service: Service, signal: NodeJS.Signals): Promise<void>;
  pid(service: Service): number | undefined;
  /** What a service printed so far. */
  output(service: Service): string;
  /** GET below the dashboard's address, as the administrator. */
  get<T>(path: string): Promise<T>;
  /** Ends all services and removes the folder. */
  stop(): Promise<void>;
}

const adminPassword = 'system-test-password';

/** Imports the district and starts the services in order. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'waystation-system-'));
  const [httpPort, mqttPort, wsPort] = await freePorts(3);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    DATA_DIR: dataDir,
    HTTP_PORT: String(httpPort),
    MQTT_PORT: String(mqttPort),
    MQTT_WS_PORT: String(wsPort),
    ADMIN_PASSWORD: adminPassword,
    DEMO: 'off',
    ...options.env,
  };
  if (options.district !== undefined) importDistrict(dataDir, options.district, env);

  const children = new Map<Service, ChildProcess>();
  const outputs = new Map<Service, string>();
  let cookieToken: string | undefined;
  const url = `http://127.0.0.1:${httpPort}`;

  const start = async (service: Service) => {
    const child = spawn(process.execPath, [...nodeArguments(service), join(root, service, 'src/main.ts')], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    children.set(service, child);
    const keep = (chunk: Buffer) =>
      outputs.set(service, ((outputs.get(service) ?? '') + chunk.toString()).slice(-100_000));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('error', reject);
      child.once('exit', (code) =>
        reject(new Error(`${service} ended with ${code} before it was ready:\n${outputs.get(service)}`)),
      );
    });
  };
  const kill = async (service: Service, signal: NodeJS.Signals) => {
    const child = children.get(service);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await ended;
  };

  const platform: Platform = {
    dataDir,
    mqttPort: mqttPort!,
    url,
    env,
    adminPassword,
    start,
    kill,
    pid: (service) => children.get(service)?.pid,
    output: (service) => outputs.get(service) ?? '',
    async get<T>(path: string) {
      cookieToken ??= await login(url);
      const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${cookieToken}` } });
      if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
    async stop() {
      for (const service of [...services].reverse()) await kill(service, 'SIGKILL');
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
  try {
    for (const service of options.services ?? services) await start(service);
  } catch (thrown) {
    await platform.stop();
    throw thrown;
  }
  return platform;
}

async function login(url: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: adminPassword }),
  });
  const body = (await answer.json()) as { token?: string };
  if (body.token === undefined) throw new Error(`login failed: ${JSON.stringify(body)}`);
  return body.token;
}

function importDistrict(dataDir: string, district: string, env: NodeJS.ProcessEnv): void {
  const file = join(mkdtempSync(join(tmpdir(), 'waystation-district-')), 'district.yaml');
  writeFileSync(file, district);
  const result = runProgram('dashboard/src/admin/main.ts', ['import', file], { ...env, DATA_DIR: dataDir });
  if (result.status !== 0) throw new Error(`import failed: ${result.stderr}${result.stdout}`);
}

/** Runs one of our programs to its end on the pinned Node. */
export function runProgram(
  main: string,
  arguments_: readonly string[],
  env: NodeJS.ProcessEnv,
  timeoutMs = 60_000,
) {
  return spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, main), ...arguments_],
    {
      env,
      cwd: root,
      encoding: 'utf8',
      timeout: timeoutMs,
    },
  );
}

/** Ports that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Waits until `check` stops throwing and answers what it gave. */
export async function eventually<T>(
  check: () => Promise<T> | T,
  withinMs: number,
  everyMs = 100,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (thrown) {
      if (Date.now() > deadline) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
