import { loadConfig } from '@waystation/shared/runtime/config';
import { createLifecycle } from '@waystation/shared/runtime/lifecycle';
import { createLog } from '@waystation/shared/runtime/log';
import { checkPorts } from '@waystation/shared/runtime/ports';
import { failStart, runService } from '@waystation/shared/runtime/process';
import { createBroker } from './broker.ts';

try {
  const config = loadConfig();
  const log = createLog({ service: 'broker', level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  await checkPorts([
    { variable: 'MQTT_PORT', host: config.MQTT_HOST, port: config.MQTT_PORT },
    { variable: 'MQTT_WS_PORT', host: config.MQTT_HOST, port: config.MQTT_WS_PORT },
    ...(config.MQTTS_PORT === undefined
      ? []
      : [{ variable: 'MQTTS_PORT', host: config.MQTT_HOST, port: config.MQTTS_PORT }]),
  ]);
  await runService(createLifecycle(createBroker({ config, log }).steps, log, 2_500), log);
} catch (thrown) {
  failStart(thrown);
}
