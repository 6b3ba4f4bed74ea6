import { Worker } from 'node:worker_threads';
import type { Config } from '@waystation/shared/runtime/config';
import { errorLine } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import type { Problem } from '@waystation/shared/runtime/status-file';
import type { ConsumerPosition } from './state-db.ts';
import type { FromStoreWriter, StoreWriterStart, ToStoreWriter } from './store-writer-messages.ts';

const firstRestartMs = 200;
const maxRestartMs = 10_000;
/** A thread that lived this long starts the back-off anew. */
const healthyAfterMs = 30_000;
const stopWithinMs = 5_000;
/** `committed` is told at most this often; the newest replaces older ones. */
const tellEveryMs = 10;

export interface StoreWriterThread {
  start(): void;
  /** Lets the thread finish what it is writing, then ends it. */
  stop(): Promise<void>;
  committed(position: ConsumerPosition): void;
  problems(): readonly Problem[];
  metrics(): Record<string, number>;
}

export interface StoreWriterThreadOptions {
  readonly config: Config;
  readonly log: Log;
  /** Row `store` of `position` as it stands now. */
  readonly from: () => ConsumerPosition | undefined;
  readonly onPosition: (position: ConsumerPosition) => void;
  /** Module to run; another one in tests. */
  readonly module?: URL;
}

/** Keeps the store writer's thread alive: started again with back-off from its persisted position when it dies. */
export function createStoreWriterThread(options: StoreWriterThreadOptions): StoreWriterThread {
  const { log } = options;
  const module = options.module ?? new URL('./store-writer/worker.ts', import.meta.url);
  let worker: Worker | undefined;
  let newest: ConsumerPosition | undefined;
  let told: ConsumerPosition | undefined;
  let teller: NodeJS.Timeout | undefined;
  let restart: NodeJS.Timeout | undefined;
  let restartMs = firstRestartMs;
  let restarts = 0;
  let isStopping = false;
  let lastFault: Problem | undefined;
  let status: Extract<FromStoreWriter, { type: 'status' }> | undefined;

  const send = (message: ToStoreWriter) => worker?.postMessage(message);
  const tell = () => {
    teller = undefined;
    if (newest === undefined || newest === told) return;
    told = newest;
    send({
      type: 'committed',
      generation: newest.generation,
      offset: newest.offset,
      revision: newest.revision,
    });
  };

  const launch = () => {
    const startedAt = performance.now();
    const start: StoreWriterStart = { config: options.config, from: options.from() };
    const thread = new Worker(module, { workerData: start });
    worker = thread;
    told = undefined;
    thread.on('message', (message: FromStoreWriter) => {
      if (message.type === 'position') {
        const { generation, offset, receivedAt, revision } = message;
        options.onPosition({ generation, offset, receivedAt, revision });
      } else if (message.type === 'status') {
        status = message;
        if (performance.now() - startedAt > healthyAfterMs) lastFault = undefined;
      }
    });
    thread.on('error', (thrown) => {
      log.error('the store writer failed', { error: errorLine(thrown) });
      lastFault = {
        code: 'store_writer_failed',
        message: `The store writer failed: ${errorLine(thrown)}`,
        fix: 'It starts again by itself; see the log.',
      };
    });
    thread.on('exit', () => {
      if (worker === thread) worker = undefined;
      if (isStopping) return;
      restartMs =
        performance.now() - startedAt > healthyAfterMs
          ? firstRestartMs
          : Math.min(restartMs * 2, maxRestartMs);
      restarts += 1;
      restart = setTimeout(launch, restartMs);
    });
    tell();
  };

  return {
    start: launch,
    async stop() {
      isStopping = true;
      clearTimeout(restart);
      clearTimeout(teller);
      const ending = worker;
      if (ending === undefined) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          log.warn('the store writer did not stop in time');
          void ending.terminate().then(() => resolve());
        }, stopWithinMs);
        ending.once('exit', () => {
          clearTimeout(timer);
          resolve();
        });
        send({ type: 'stop' });
      });
    },
    committed(position) {
      newest = position;
      teller ??= setTimeout(tell, tellEveryMs);
    },
    problems: () => [...(lastFault === undefined ? [] : [lastFault]), ...(status?.problems ?? [])],
    metrics: () => ({ ...status?.metrics, waystation_ingest_store_writer_restarts: restarts }),
  };
}
