import { join } from 'node:path';
import { openRegistryReader } from '@waystation/shared/registry/registry-reader';
import { createLog } from '@waystation/shared/runtime/log';
import { createStateConsumer } from '../src/consume.ts';
import { openStateDb } from '../src/state-db.ts';

/** The state consumer alone in a process, to be killed: `node state-process.ts DATA_DIR`. */
const dataDir = process.argv[2] ?? '';
createStateConsumer({
  journalDir: join(dataDir, 'journal'),
  db: openStateDb(dataDir),
  registry: openRegistryReader(dataDir),
  log: createLog({ service: 'ingest', level: 'error' }),
}).start();
