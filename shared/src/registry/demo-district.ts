import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { EntityChange } from '../contracts/registry-documents.ts';
import { generateSecret, secretMatches } from '../runtime/secret-key.ts';
import { newLogin, replayLoginName } from './device-logins.ts';
import { importDistrict } from './district-import.ts';
import { parseDistrictFile } from './district-parse.ts';
import { openRegistry } from './registry.ts';

const districtFile = join(import.meta.dirname, '../../demo/district.yaml');
const secretsName = 'sim-secrets.json';
const nobody = { salt: '', hash: '' };
const secretsSchema = z.object({ district: z.string(), secrets: z.record(z.string(), z.string()) });

/**
 * Imports the shipped demo district into DATA_DIR/demo, with the secrets of its devices for the simulator beside it (readable by the owner only).
 * Does nothing when it is there and the shipped file did not change. The secrets are on disk before the registry knows them, so that a kill
 * at any moment leaves no login that nobody can use: the next start goes on with the same ones.
 */
export async function ensureDemoDistrict(
  dataDir: string,
): Promise<{ demoDataDir: string; revision: number; changed: boolean }> {
  const demoDataDir = join(dataDir, 'demo');
  const text = readFileSync(districtFile, 'utf8');
  const district = createHash('sha256').update(text).digest('hex');
  const known = readSecrets(demoDataDir);
  const registry = await openRegistry(demoDataDir);
  try {
    if (known?.district === district)
      return { demoDataDir, revision: await registry.newestRevision(), changed: false };
    const file = parseDistrictFile(text, 'the demo district');
    const secrets: Record<string, string> = { ...known?.secrets };
    const secretOf = (name: string) => {
      secrets[name] ??= generateSecret();
      return secrets[name];
    };
    const stations = (file.stations ?? []).map((station) => ({
      ...station,
      ...(station.gateway && { gatewaySecret: secretOf(station.id) }),
      devices: (station.devices ?? []).map((device) => ({
        ...device,
        secret: secretOf(`${station.id}/${device.id}`),
      })),
    }));
    const replays = stations
      .map(({ id }) => replayLoginName(id))
      .map((name) => [name, secretOf(name)] as const);
    writeSecrets(demoDataDir, { district: 'being made', secrets });

    const by = { who: 'system', what: 'made the demo district' };
    await importDistrict(registry, { ...file, stations }, by);
    const { logins } = await registry.loadSnapshot();
    const changes = replays
      .filter(([name, secret]) => !secretMatches(secret, logins.get(name) ?? nobody))
      .map(
        ([name, secret]): EntityChange => ({ kind: 'login', id: name, body: newLogin(name, secret).login }),
      );
    const revision = await registry.apply(changes, by);
    writeSecrets(demoDataDir, { district, secrets });
    return { demoDataDir, revision, changed: true };
  } finally {
    registry.close();
  }
}

/** Login name -> secret of the demo's devices, gateways and replay logins; empty when the demo was not made here. */
export function readSimulatorSecrets(demoDataDir: string): Record<string, string> {
  return readSecrets(demoDataDir)?.secrets ?? {};
}

function readSecrets(demoDataDir: string): z.output<typeof secretsSchema> | undefined {
  const file = join(demoDataDir, secretsName);
  return existsSync(file) ? secretsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

function writeSecrets(demoDataDir: string, content: z.output<typeof secretsSchema>): void {
  mkdirSync(demoDataDir, { recursive: true });
  const file = join(demoDataDir, secretsName);
  writeFileSync(`${file}.new`, JSON.stringify(content, null, 1), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
