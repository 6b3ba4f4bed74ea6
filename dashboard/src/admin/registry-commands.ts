import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Device, deviceSchema } from '@waystation/shared/contracts/registry-documents';
import { newLogin, replayLoginName, revokedLogin } from '@waystation/shared/registry/device-logins';
import { importDistrict } from '@waystation/shared/registry/district-import';
import { parseDistrictFile } from '@waystation/shared/registry/district-parse';
import { hashPassword } from '@waystation/shared/registry/password';
import { openRegistry, type Registry } from '@waystation/shared/registry/registry';
import { errorLine, WaystationError } from '@waystation/shared/runtime/errors';
import { generateSecret } from '@waystation/shared/runtime/secret-key';
import { type CommandLine, usageError } from './usage.ts';

type Say = (line: string) => void;
const who = 'admin command';

async function withRegistry<T>(dataDir: string, work: (registry: Registry) => Promise<T>): Promise<T> {
  const registry = await openRegistry(dataDir);
  try {
    return await work(registry);
  } finally {
    registry.close();
  }
}

/** `import FILE`. */
export async function importFile(dataDir: string, file: string, say: Say): Promise<void> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new WaystationError({
      code: 'file_unreadable',
      message: `${file} cannot be read: ${errorLine(thrown)}.`,
      fix: 'Give the path of a district file.',
    });
  }
  const district = parseDistrictFile(text, basename(file));
  const outcome = await withRegistry(dataDir, (registry) =>
    importDistrict(registry, district, { who, what: `imported ${basename(file)}` }),
  );
  say(
    `${outcome.changed ? 'imported' : 'nothing to change'}: ${outcome.stations} stations, ${outcome.devices} devices, registry revision ${outcome.revision}`,
  );
  const secrets = Object.entries(outcome.secrets);
  if (secrets.length > 0) say('secrets made by this import, shown only now (login secret):');
  for (const [login, secret] of secrets) say(`${login} ${secret}`);
}

/** `device add|rotate|revoke STATION/DEVICE`. */
export async function changeDevice(
  dataDir: string,
  action: string | undefined,
  key: string,
  line: CommandLine,
  say: Say,
): Promise<void> {
  const [station, id, ...more] = key.split('/');
  if (station === undefined || id === undefined || more.length > 0)
    throw usageError(`"${key}" is not STATION/DEVICE.`);
  await withRegistry(dataDir, async (registry) => {
    const { devices, logins } = await registry.loadSnapshot();
    const known = devices.get(key);
    if (action === 'add') {
      if (known !== undefined)
        throw new WaystationError({
          code: 'device_exists',
          message: `The device ${key} exists.`,
          fix: 'Use "device rotate" for a new secret.',
        });
      const { login, secret } = newLogin(key);
      const device = newDevice(station, id, line);
      await registry.apply(
        [
          { kind: 'device', id: key, body: device },
          { kind: 'login', id: key, body: login },
        ],
        { who, what: `added device ${key}` },
      );
      showSecret(say, key, secret);
      return;
    }
    if (known === undefined)
      throw new WaystationError({
        code: 'device_unknown',
        message: `There is no device ${key}.`,
        fix: 'Add it with "device add".',
      });
    if (action === 'rotate') {
      const { login, secret } = newLogin(key);
      await registry.apply([{ kind: 'login', id: key, body: login }], {
        who,
        what: `rotated the secret of ${key}`,
      });
      showSecret(say, key, secret);
    } else if (action === 'revoke') {
      if (logins.has(key))
        await registry.apply([{ kind: 'login', id: key, body: revokedLogin(key) }], {
          who,
          what: `revoked ${key}`,
        });
      say(`${key} cannot log in any more; "device rotate" gives it a new secret`);
    } else {
      throw usageError('device knows add, rotate and revoke.');
    }
  });
}

function newDevice(station: string, id: string, line: CommandLine): Device {
  const number = (name: string) => {
    const text = line.options.get(name);
    return text === undefined ? undefined : Number(text);
  };
  const parsed = deviceSchema.safeParse({
    station,
    id,
    kind: line.options.get('kind'),
    reportingIntervalS: number('interval'),
    capacityMl: number('capacity'),
  });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  throw usageError(`The device is not valid: ${faults.join('; ')}.`);
}

/** `user add|password NAME`. */
export async function changeUser(
  dataDir: string,
  action: string | undefined,
  name: string,
  line: CommandLine,
  say: Say,
): Promise<void> {
  if (action !== 'add' && action !== 'password') throw usageError('user knows add and password.');
  const given = line.flags.has('password-stdin') ? readFileSync(0, 'utf8').replace(/\r?\n$/, '') : undefined;
  if (given !== undefined && given.length < 8)
    throw usageError('The password must have at least 8 characters.');
  const password = given ?? generateSecret();
  await withRegistry(dataDir, async (registry) => {
    const known = (await registry.loadSnapshot()).users.get(name);
    if (action === 'add' && known !== undefined)
      throw new WaystationError({
        code: 'user_exists',
        message: `The user ${name} exists.`,
        fix: 'Use "user password" for a new password.',
      });
    if (action === 'password' && known === undefined)
      throw new WaystationError({
        code: 'user_unknown',
        message: `There is no user ${name}.`,
        fix: 'Add it with "user add".',
      });
    const body = {
      ...(known ?? { name, role: 'admin' as const, createdAt: Date.now() }),
      password: await hashPassword(password),
    };
    await registry.apply([{ kind: 'user', id: name, body }], {
      who,
      what: action === 'add' ? `added user ${name}` : `new password of ${name}`,
    });
  });
  say(
    given === undefined ? `password of ${name}, shown only now: ${password}` : `password of ${name} is set`,
  );
}

/** `login replay STATION`. */
export async function makeReplayLogin(dataDir: string, station: string, say: Say): Promise<void> {
  const name = replayLoginName(station);
  const { login, secret } = newLogin(name);
  await withRegistry(dataDir, (registry) =>
    registry.apply([{ kind: 'login', id: name, body: login }], { who, what: `made ${name}` }),
  );
  showSecret(say, name, secret);
}

function showSecret(say: Say, login: string, secret: string): void {
  say(`secret of ${login}, shown only now: ${secret}`);
}
