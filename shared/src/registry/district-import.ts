import type { DistrictFile } from '../contracts/district-file.ts';
import type { EntityChange, RegistrySnapshot } from '../contracts/registry-documents.ts';
import { secretMatches } from '../runtime/secret-key.ts';
import { newLogin } from './device-logins.ts';
import type { ChangedBy, Registry } from './registry.ts';
import { districtId } from './registry-schema.ts';

export interface ImportOutcome {
  /** Registry revision after the import; the present one when nothing changed. */
  readonly revision: number;
  readonly changed: boolean;
  readonly stations: number;
  readonly devices: number;
  /** Secrets of logins made by this import (login name -> secret): shown once, kept nowhere. */
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * Applies a district file to the registry. What the file does not name stays as it is; the same file again changes nothing:
 * a login that exists keeps its secret, unless the file gives another one.
 */
export async function importDistrict(
  registry: Registry,
  file: DistrictFile,
  by: ChangedBy,
): Promise<ImportOutcome> {
  const before = await registry.loadSnapshot();
  const secrets: Record<string, string> = {};
  const changes: EntityChange[] = [
    { kind: 'district', id: districtId, body: file.district },
    ...file.units.map((unit): EntityChange => ({ kind: 'unit', id: unit.id, body: unit })),
  ];
  let devices = 0;
  for (const { gateway, gatewaySecret, devices: listed, ...station } of file.stations) {
    changes.push({ kind: 'station', id: station.id, body: station });
    if (gateway) changes.push(...loginChange(before, station.id, gatewaySecret, secrets));
    for (const { secret, ...device } of listed) {
      const key = `${station.id}/${device.id}`;
      changes.push({ kind: 'device', id: key, body: { ...device, station: station.id } });
      changes.push(...loginChange(before, key, secret, secrets));
      devices += 1;
    }
  }
  const revision = await registry.apply(changes, by);
  return {
    revision,
    changed: revision !== before.revision,
    stations: file.stations.length,
    devices,
    secrets,
  };
}

function loginChange(
  before: RegistrySnapshot,
  name: string,
  given: string | undefined,
  secrets: Record<string, string>,
): EntityChange[] {
  const known = before.logins.get(name);
  if (known !== undefined && (given === undefined || secretMatches(given, known))) return [];
  const { login, secret } = newLogin(name, given);
  if (given === undefined) secrets[name] = secret;
  return [{ kind: 'login', id: name, body: login }];
}
