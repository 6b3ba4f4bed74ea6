import { loadConfig } from '@waystation/shared/runtime/config';
import { createLifecycle } from '@waystation/shared/runtime/lifecycle';
import { createLog } from '@waystation/shared/runtime/log';
import { runService } from '@waystation/shared/runtime/process';
import { durationOption, numberOption, type Options, parseOptions } from '../command-line.ts';
import type { DeviceFaults } from '../devices/device-faults.ts';
import { createFleet } from '../fleet/fleet.ts';
import type { Command } from './command.ts';

const faultOptions = [
  'miss',
  'double',
  'swap',
  'silent',
  'reboot-every',
  'clock-error',
  'clock-behind',
  'duplicate',
  'disorder',
  'buffer',
  'broken',
];

export const fleet: Command = {
  name: 'fleet',
  summary: 'run the devices of the demo district live (npm start does it)',
  help: `fleet [--history 28d] [faults of every device]

Runs on DATA_DIR (data/demo) until it is stopped, and notes there, in sim/, what really happened (truth-DAY.jsonl) and every
reading that the broker acknowledged (acknowledged-DAY.log, for verify).

  --history 28d        send the days before as late data, the newest first
  --miss S --double S  share (0..1) of the people whom a door counter does not see, or sees twice
  --swap 1             door counters are mounted backwards
  --silent S           share of the minutes in which a device says nothing
  --reboot-every 6h    a new session, counters from 0
  --clock-error 90s --clock-behind 90s   the clock is ahead, or behind
  --duplicate S --disorder S --broken S  share of readings sent twice, exchanged with the next, cut short
  --buffer 1h          readings are kept and handed over together`,
  async run(args) {
    const { options } = parseOptions(args, ['history', ...faultOptions]);
    const historyDays = Math.floor(durationOption(options, 'history', 0) / 86_400_000);
    const config = loadConfig();
    const log = createLog({ service: 'simulator', level: config.LOG_LEVEL, format: config.LOG_FORMAT });
    const running = createFleet(config, log, historyDays, faultsOf(options));
    await runService(
      createLifecycle(
        [{ name: 'fleet', start: () => running.start(), stop: () => running.stop() }],
        log,
        1_400,
      ),
      log,
    );
  },
};

function faultsOf(options: Options): DeviceFaults {
  const share = (name: string) => numberOption(options, name, 0, 0, 1);
  return {
    missShare: share('miss'),
    doubleShare: share('double'),
    swap: share('swap') === 1,
    silentShare: share('silent'),
    rebootEveryMs: durationOption(options, 'reboot-every', 0),
    clockErrorMs: durationOption(options, 'clock-error', 0) - durationOption(options, 'clock-behind', 0),
    duplicateShare: share('duplicate'),
    disorderShare: share('disorder'),
    bufferMs: durationOption(options, 'buffer', 0),
    brokenShare: share('broken'),
  };
}
