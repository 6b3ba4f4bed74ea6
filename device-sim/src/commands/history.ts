import { brokerUrl } from '@waystation/shared/runtime/broker-address';
import { loadConfig } from '@waystation/shared/runtime/config';
import { createLog } from '@waystation/shared/runtime/log';
import { numberOption, parseOptions } from '../command-line.ts';
import { readSimulatedDistrict } from '../fleet/district-run.ts';
import { sendHistory } from '../fleet/history.ts';
import { type Command, say } from './command.ts';

export const history: Command = {
  name: 'history',
  summary: 'give a running demo district its past',
  help: `history [--days 28]

Sends what the demo district's devices measured on the days before today through the running broker, newest day first, with the
replay logins of its stations; waits whenever live data would have to wait. Days that are in are noted in DATA_DIR/sim-history.json.`,
  async run(args) {
    const { options } = parseOptions(args, ['days']);
    const config = loadConfig();
    const ending = new AbortController();
    process.once('SIGINT', () => ending.abort());
    process.once('SIGTERM', () => ending.abort());
    const { stations, zone, secrets } = await readSimulatedDistrict(config.dataDir);
    const sent = await sendHistory({
      dataDir: config.dataDir,
      url: brokerUrl(config),
      secrets,
      stations,
      earlier: [],
      zone,
      today: Date.now(),
      days: numberOption(options, 'days', 28, 1, 366),
      log: createLog({ service: 'simulator', level: 'info', format: config.LOG_FORMAT }),
      signal: ending.signal,
    });
    say(`${sent} readings acknowledged`);
  },
};
