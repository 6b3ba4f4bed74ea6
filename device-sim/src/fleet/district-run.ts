import type { Device, RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import { readSimulatorSecrets } from '@waystation/shared/registry/demo-district';
import { openRegistryReader } from '@waystation/shared/registry/registry-reader';
import { WaystationError } from '@waystation/shared/runtime/errors';
import { type Zone, zoneOf } from '@waystation/shared/runtime/zone';

/** The district that the simulator plays, from the platform's own folder. */
export interface SimulatedDistrict {
  readonly snapshot: RegistrySnapshot;
  readonly zone: Zone;
  /** Devices of each station that has some. */
  readonly stations: readonly (readonly Device[])[];
  readonly secrets: Readonly<Record<string, string>>;
}

/** @throws WaystationError `no_secrets` when DATA_DIR is not that of a demo district. */
export async function readSimulatedDistrict(dataDir: string): Promise<SimulatedDistrict> {
  const registry = openRegistryReader(dataDir);
  const snapshot = await registry.loadSnapshot();
  registry.close();
  const secrets = readSimulatorSecrets(dataDir);
  if (Object.keys(secrets).length === 0) {
    throw new WaystationError({
      code: 'no_secrets',
      message: `${dataDir} has no sim-secrets.json.`,
      fix: 'This simulates the demo district: start it with npm start and set DATA_DIR to its folder, data/demo.',
    });
  }
  return {
    snapshot,
    zone: zoneOf(snapshot.district.zone),
    stations: [...Map.groupBy(snapshot.devices.values(), ({ station }) => station).values()],
    secrets,
  };
}
