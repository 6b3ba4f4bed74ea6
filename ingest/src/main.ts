import { loadConfig } from '@waystation/shared/runtime/config';
import { createLog } from '@waystation/shared/runtime/log';
import { failStart, runService } from '@waystation/shared/runtime/process';
import { createIngest } from './service.ts';

try {
  const config = loadConfig();
  const log = createLog({ service: 'ingest', level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  await runService(createIngest(config, log), log);
} catch (thrown) {
  failStart(thrown);
}
