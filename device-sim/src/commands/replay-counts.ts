import { readFileSync } from 'node:fs';
import { readSimulatorSecrets } from '@waystation/shared/registry/demo-district';
import { replayLoginName } from '@waystation/shared/registry/device-logins';
import { brokerUrl } from '@waystation/shared/runtime/broker-address';
import { loadConfig } from '@waystation/shared/runtime/config';
import { errorLine } from '@waystation/shared/runtime/errors';
import { zoneOf } from '@waystation/shared/runtime/zone';
import { durationOption, needed, numberOption, parseOptions, usage } from '../command-line.ts';
import { parseCountFile } from '../replay/count-file.ts';
import { replayCounts as play } from '../replay/replay-counts.ts';
import { type Command, say } from './command.ts';

export const replayCounts: Command = {
  name: 'replay-counts',
  summary: 'play a CSV of in and out counts per interval through the broker',
  help: `replay-counts FILE --zone Z --station S --device D [--secret X] [--shuffle-within 1h] [--duplicate 0.1] [--seed N]

FILE has a stamp (start of the interval, local time of --zone), in and out per row. The login is S:replay ("npm run admin -- login
replay S" makes it); the session is "replay", seq the number of the interval since 1970, so that playing it twice changes nothing.

  --shuffle-within 1h   readings change places within this long
  --duplicate 0.1       share of the readings that are sent twice`,
  async run(args) {
    const { words, options } = parseOptions(args, [
      'zone',
      'station',
      'device',
      'secret',
      'shuffle-within',
      'duplicate',
      'seed',
    ]);
    const [path, ...more] = words;
    if (path === undefined || more.length > 0) throw usage('replay-counts needs one FILE.');
    const config = loadConfig();
    const station = needed(options, 'station');
    const login = replayLoginName(station);
    const secret = options.get('secret') ?? readSimulatorSecrets(config.dataDir)[login];
    if (secret === undefined)
      throw usage(
        `no secret of ${login}: make one with "npm run admin -- login replay ${station}" and give it with --secret.`,
      );
    const file = parseCountFile(readText(path), zoneOf(needed(options, 'zone')));
    const sent = await play(file, {
      url: brokerUrl(config),
      station,
      device: needed(options, 'device'),
      secret,
      shuffleWithinMs: durationOption(options, 'shuffle-within', 0),
      duplicateShare: numberOption(options, 'duplicate', 0, 0, 1),
      seed: options.get('seed') ?? '1',
      progress: (done, total) =>
        done === total || done % 1_000 === 0 ? say(`${done} of ${total} readings acknowledged`) : undefined,
    });
    say(`played ${file.rows.length} intervals in ${sent} readings`);
  },
};

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw usage(`${path} cannot be read: ${errorLine(thrown)}.`);
  }
}
