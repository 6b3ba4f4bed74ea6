import type { DistrictFile } from '../contracts/district-file.ts';
import {
  deviceSchema,
  districtSchema,
  type EntityChange,
  type RegistrySnapshot,
  stationSchema,
  unitSchema,
} from '../contracts/registry-documents.ts';
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
 * Applies a district file to the registry. A field that the file names is set, one that it does not name keeps its value, and what the file does
 * not name at all stays as it is; the same file again changes nothing. A login that exists keeps its secret, unless the file gives
 * another one; a revoked one stays revoked.
 */
export async function importDistrict(
  registry: Registry,
  file: DistrictFile,
  by: ChangedBy,
): Promise<ImportOutcome> {
  const before = await registry.loadSnapshot();
  const secrets: Record<string, string> = {};
  const changes: EntityChange[] = [
    {
      kind: 'district',
      id: districtId,
      body: districtSchema.parse({ ...(before.revision > 0 && before.district), ...file.district }),
    },
    ...(file.units ?? []).map(
      (unit): EntityChange => ({
        kind: 'unit',
        id: unit.id,
        body: unitSchema.parse({ ...before.units.get(unit.id), ...unit }),
      }),
    ),
  ];
  const stations = file.stations ?? [];
  let devices = 0;
  for (const { gateway, gatewaySecret, devices: listed = [], ...station } of stations) {
    const body = stationSchema.parse({ ...before.stations.get(station.id), ...station });
    changes.push({ kind: 'station', id: station.id, body });
    if (gateway) changes.push(...loginChange(before, station.id, gatewaySecret, secrets));
    for (const { secret, ...device } of listed) {
      const key = `${station.id}/${device.id}`;
      changes.push({
        kind: 'device',
        id: key,
        body: deviceSchema.parse({ ...before.devices.get(key), ...device, station: station.id }),
      });
      changes.push(...loginChange(before, key, secret, secrets));
      devices += 1;
    }
  }
  const revision = await registry.apply(changes, by);
  return {
    revision,
    changed: revision !== before.revision,
    stations: stations.length,
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
  if (known?.revokedAt !== undefined) return [];
  if (known !== undefined && (given === undefined || secretMatches(given, known))) return [];
  const { login, secret } = newLogin(name, given);
  if (given === undefined) secrets[name] = secret;
  return [{ kind: 'login', id: name, body: login }];
}
