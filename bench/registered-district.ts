import type { LoadLogin } from '../device-sim/src/load/run-load.ts';
import type { EntityChange } from '../shared/src/contracts/registry-documents.ts';
import { deviceSchema, stationSchema } from '../shared/src/contracts/registry-documents.ts';
import { newLogin } from '../shared/src/registry/device-logins.ts';
import { openRegistry } from '../shared/src/registry/registry.ts';

/** A district of door counters for measurements of size: too large for a district file. */
export interface RegisteredDistrict {
  readonly revision: number;
  /** One per station (gateways) or one per device. */
  readonly logins: readonly LoadLogin[];
}

/** Registers `stations` with `devicesEach` door counters, logged in per station by a gateway or per device. */
export async function registerDistrict(
  dataDir: string,
  {
    stations,
    devicesEach,
    perDevice = false,
  }: { stations: number; devicesEach: number; perDevice?: boolean },
): Promise<RegisteredDistrict> {
  const changes: EntityChange[] = [
    {
      kind: 'district',
      id: 'district',
      body: { name: 'bench', zone: 'Asia/Shanghai', genericName: 'bench', demo: false },
    },
    { kind: 'unit', id: 'u1', body: { id: 'u1', name: 'bench', type: '街道' } },
  ];
  const logins: LoadLogin[] = [];
  const addLogin = (name: string, devices: string[]) => {
    const { login, secret } = newLogin(name);
    changes.push({ kind: 'login', id: name, body: login });
    logins.push({ login: name, secret, devices });
  };
  for (let place = 0; place < stations; place += 1) {
    const station = `s${place}`;
    changes.push({
      kind: 'station',
      id: station,
      body: stationSchema.parse({ id: station, unit: 'u1', name: station }),
    });
    const keys: string[] = [];
    for (let device = 0; device < devicesEach; device += 1) {
      const id = `door-${device}`;
      const body = deviceSchema.parse({ station, id, kind: 'door-counter', reportingIntervalS: 60 });
      changes.push({ kind: 'device', id: `${station}/${id}`, body });
      keys.push(`${station}/${id}`);
    }
    if (perDevice) for (const key of keys) addLogin(key, [key]);
    else addLogin(station, keys);
  }
  const registry = await openRegistry(dataDir);
  const revision = await registry.apply(changes, { who: 'bench', what: 'a district to measure with' });
  registry.close();
  return { revision, logins };
}
