import { loadConfig } from '@waystation/shared/runtime/config';
import { durationOption, needed, parseOptions } from '../command-line.ts';
import { readLedger } from '../load/ledger.ts';
import { verifyLedger } from '../verify/verify-ledger.ts';
import { type Command, say } from './command.ts';

export const verify: Command = {
  name: 'verify',
  summary: 'compare what the platform answers with a ledger: nothing lost, nothing twice, totals equal',
  help: `verify --ledger FILE --password P [--user admin] [--url URL] [--within 60s]

  --ledger FILE   what load wrote, or DATA_DIR/sim/acknowledged-DAY.log of the running fleet
  --url URL       the dashboard (default: HOST and HTTP_PORT)
  --within 60s    how long the platform may take to catch up

Exit code 1 when something differs.`,
  async run(args) {
    const { options } = parseOptions(args, ['ledger', 'url', 'user', 'password', 'within']);
    const config = loadConfig();
    const outcome = await verifyLedger({
      url: options.get('url') ?? `http://${config.HOST}:${config.HTTP_PORT}`,
      user: options.get('user') ?? 'admin',
      password: needed(options, 'password'),
      ledger: readLedger(needed(options, 'ledger')),
      withinMs: durationOption(options, 'within', 60_000),
    });
    say(
      `acknowledged ${outcome.acknowledged}, stored ${outcome.stored}, missing ${outcome.missing}, twice ${outcome.twice}`,
    );
    for (const line of outcome.wrongTotals) say(`totals differ: ${line}`);
    for (const line of outcome.notCompared) say(`totals not compared: ${line}`);
    say(outcome.ok ? 'nothing lost, nothing twice, totals equal' : 'NOT equal');
    process.exitCode = outcome.ok ? 0 : 1;
  },
};
