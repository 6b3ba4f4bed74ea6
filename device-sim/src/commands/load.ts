import { brokerAddress } from '@waystation/shared/runtime/broker-address';
import { loadConfig } from '@waystation/shared/runtime/config';
import { needed, numberOption, parseOptions, usage } from '../command-line.ts';
import { writeLedger } from '../load/ledger.ts';
import { type LoadLogin, runLoad } from '../load/run-load.ts';
import { type Command, say } from './command.ts';
import { readSecretsFile } from './secrets-file.ts';

const ms = (value: number) => `${value.toFixed(1)} ms`;

export const load: Command = {
  name: 'load',
  summary:
    'publish door counts at a rate, or as fast as it goes, and keep the ledger of what was acknowledged',
  help: `load --secrets FILE [--rate N] [--seconds S] [--connections C] [--in-flight K] [--payload-bytes B]
     [--spread 1] [--session NAME] [--ledger FILE]

  --secrets FILE       {"station/device": "secret"}; logins of gateways are left out
  --rate 1000          messages a second over all connections; 0 = as fast as it goes
  --seconds 10         how long
  --connections C      so many devices are connected, each with its own login (default: all of the file)
  --in-flight 20       unacknowledged messages of a connection
  --payload-bytes 217  length of a message, filled up with blanks (128 to 16000)
  --spread 1           connections come from many addresses of 127.0.0.0/8, because the broker limits them per address
  --session NAME       session of every device (default: a new one)
  --ledger FILE        write what was acknowledged, for verify

Exit code 1 when something was not acknowledged.`,
  async run(args) {
    const { options } = parseOptions(args, [
      'secrets',
      'rate',
      'connections',
      'in-flight',
      'seconds',
      'ledger',
      'session',
      'payload-bytes',
      'spread',
    ]);
    const secrets = readSecretsFile(needed(options, 'secrets'));
    const doors = Object.entries(secrets).filter(([login]) => login.includes('/'));
    const count = numberOption(options, 'connections', doors.length, 1, 50_000);
    if (doors.length < count)
      throw usage(`the secrets hold ${doors.length} device logins, --connections asks for ${count}.`);
    const logins = doors
      .slice(0, count)
      .map(([login, secret]): LoadLogin => ({ login, secret, devices: [login] }));
    const rate = numberOption(options, 'rate', 1_000, 0, 1_000_000);
    const { host, port } = brokerAddress(loadConfig());
    const result = await runLoad({
      host,
      port,
      logins,
      rate,
      seconds: numberOption(options, 'seconds', 10, 0.1, 86_400),
      inFlight: numberOption(options, 'in-flight', 20, 1, 1_000),
      payloadBytes: numberOption(options, 'payload-bytes', 217, 128, 16_000),
      session: options.get('session') ?? `load-${Date.now().toString(36)}`,
      spreadAddresses: numberOption(options, 'spread', 0, 0, 1) === 1,
    });
    const file = options.get('ledger');
    if (file !== undefined) writeLedger(file, result.ledger);
    const { sent, acknowledged, unacknowledged, seconds, latency } = result;
    say(
      `${count} connections, asked for ${rate === 0 ? 'as much as goes' : `${rate}/s`}: sent ${sent}, acknowledged ${acknowledged} (${Math.round(acknowledged / seconds)}/s), not acknowledged ${unacknowledged}`,
    );
    say(
      `PUBACK p50 ${ms(latency.percentile(0.5))}, p99 ${ms(latency.percentile(0.99))}, longest ${ms(latency.max)}`,
    );
    process.exitCode = unacknowledged === 0 ? 0 : 1;
  },
};
