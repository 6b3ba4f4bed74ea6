/** The store writer's thread: beside the state consumer, so that neither waits for the other's disk. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { createLog } from '@waystation/shared/runtime/log';
import { openTelemetryStore } from '@waystation/shared/telemetry-store/open';
import type { FromStoreWriter, StoreWriterStart, ToStoreWriter } from '../store-writer-messages.ts';
import { openStateView } from './state-view.ts';
import { createStoreWriter } from './store-writer.ts';

const reportEveryMs = 1_000;

const { config, from } = workerData as StoreWriterStart;
const log = createLog({ service: 'store-writer', level: config.LOG_LEVEL, format: config.LOG_FORMAT });
const send = (message: FromStoreWriter) => parentPort?.postMessage(message);

const store = openTelemetryStore(config, 'write');
const state = openStateView(config.dataDir);
const writer = createStoreWriter({
  journalDir: join(config.dataDir, 'journal'),
  state,
  store,
  from,
  log,
  onPosition: (position) => send({ type: 'position', ...position }),
});
parentPort?.on('message', (message: ToStoreWriter) => {
  if (message.type === 'stop') writer.stop();
  else writer.committed(message);
});
const report = setInterval(
  () => send({ type: 'status', problems: writer.problems(), metrics: writer.metrics() }),
  reportEveryMs,
);

try {
  await writer.run();
} finally {
  clearInterval(report);
  state.close();
  await store.close();
}
send({ type: 'stopped' });
parentPort?.close();
