import { join } from 'node:path';
import { openRegistryReader } from '@waystation/shared/registry/registry-reader';
import type { Config } from '@waystation/shared/runtime/config';
import { errorLine } from '@waystation/shared/runtime/errors';
import { createLifecycle, type Lifecycle } from '@waystation/shared/runtime/lifecycle';
import type { Log } from '@waystation/shared/runtime/log';
import { removeStatus, writeStatus } from '@waystation/shared/runtime/status-file';
import { createStateConsumer, type StateConsumer } from './consume.ts';
import { openStateDb, type StateDb } from './state-db.ts';
import { createStoreWriterThread, type StoreWriterThread } from './store-writer-thread.ts';

const serviceName = 'ingest';
const reportEveryMs = 1_000;

/** Ingest as one life: state.db, the state consumer, the store writer's thread, the report once a second. */
export function createIngest(config: Config, log: Log): Lifecycle {
  const registry = openRegistryReader(config.dataDir);
  let db: StateDb;
  let consumer: StateConsumer;
  let storeWriter: StoreWriterThread;
  let timer: NodeJS.Timeout | undefined;

  const report = () => {
    const problems = [...consumer.problems(), ...storeWriter.problems()];
    const metrics = { ...consumer.metrics(), ...storeWriter.metrics() };
    const state =
      metrics['waystation_ingest_failed'] === 1 ? 'failed' : problems.length > 0 ? 'degraded' : 'ok';
    try {
      writeStatus(config.dataDir, {
        service: serviceName,
        pid: process.pid,
        at: Date.now(),
        state,
        problems,
        metrics,
      });
    } catch (thrown) {
      log.warn('the status could not be written', { error: errorLine(thrown) });
    }
  };

  return createLifecycle(
    [
      {
        name: 'state.db',
        start: () => {
          db = openStateDb(config.dataDir);
        },
        stop: () => {
          db.close();
          registry.close();
        },
      },
      {
        name: 'state consumer and store writer',
        start: () => {
          storeWriter = createStoreWriterThread({
            config,
            log,
            from: () => db.readPosition('store'),
            onPosition: (position) => consumer.storeReached(position),
          });
          consumer = createStateConsumer({
            journalDir: join(config.dataDir, 'journal'),
            db,
            registry,
            log,
            onCommit: (position) => storeWriter.committed(position),
          });
          storeWriter.start();
          consumer.start();
        },
        stop: async () => {
          // The store writer ends first: its last position is persisted by the consumer.
          await storeWriter.stop();
          await consumer.stop();
        },
      },
      {
        name: 'report',
        start: () => {
          report();
          timer = setInterval(report, reportEveryMs);
        },
        stop: () => {
          clearInterval(timer);
          removeStatus(config.dataDir, serviceName);
        },
      },
    ],
    log,
  );
}
