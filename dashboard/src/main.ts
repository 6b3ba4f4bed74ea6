import { loadConfig } from '@waystation/shared/runtime/config';
import { createLifecycle } from '@waystation/shared/runtime/lifecycle';
import { createLog } from '@waystation/shared/runtime/log';
import { checkPorts } from '@waystation/shared/runtime/ports';
import { failStart, runService } from '@waystation/shared/runtime/process';
import { createDashboard } from './dashboard.ts';

/** Framed, because it is shown once and must not drown between log lines. */
function showPassword(password: string): void {
  const text = `  first administrator: user admin, password ${password}  (shown only now)  `;
  const bar = '='.repeat(text.length);
  process.stdout.write(`${bar}\n${text}\n${bar}\n`);
}

try {
  const config = loadConfig();
  const log = createLog({ service: 'dashboard', level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  await checkPorts([{ variable: 'HTTP_PORT', host: config.HOST, port: config.HTTP_PORT }]);
  await runService(createLifecycle(createDashboard({ config, log, showPassword }).steps, log, 1_400), log);
} catch (thrown) {
  failStart(thrown);
}
