import type { Device, RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import { readDevice } from './device-memory.ts';
import { type DeviceState, newDeviceState } from './device-state.ts';
import type { StateDb } from './state-db.ts';
import { newStationState, readStation, type StationState } from './station-state.ts';

/** The registered devices (by `{station}/{device}`) and stations with their state. */
export interface Roster {
  readonly devices: Map<string, DeviceState>;
  readonly stations: Map<string, StationState>;
  /** Brings the roster in line with the registry. What was known of a removed device stays in the table, and is there again when it comes back. */
  apply(registry: RegistrySnapshot): void;
}

export function createRoster(db: StateDb, snapshot: RegistrySnapshot): Roster {
  const devices = new Map<string, DeviceState>();
  const stations = new Map<string, StationState>();
  for (const row of db.readStations())
    stations.set(row.station, readStation(row.station, row.body, row.memory));
  for (const row of db.readDevices()) {
    const key = `${row.station}/${row.device}`;
    const registered = snapshot.devices.get(key);
    if (registered !== undefined) devices.set(key, readDevice(registered, row.body, row.memory));
  }

  const restored = (registered: Device): DeviceState => {
    const row = db.readDevice(registered.station, registered.id);
    if (row === undefined) return newDeviceState(registered);
    const device = readDevice(registered, row.body, row.memory);
    // What happened while it was not registered is unknown: it is not connected until it connects.
    if (device.connection !== null) {
      device.connection = null;
      device.online = false;
      device.isDirty = true;
    }
    return device;
  };

  /** The device under its new registration. */
  const registerAnew = (device: DeviceState, registered: Device): DeviceState => {
    if (device.registered.kind !== registered.kind) return newDeviceState(registered);
    const isSame = JSON.stringify(device.registered) === JSON.stringify(registered);
    device.registered = registered;
    if (isSame) return device;
    device.nextCheckAt = 0;
    device.isDirty = true;
    return device;
  };

  const apply = (registry: RegistrySnapshot) => {
    for (const station of stations.values()) {
      station.devices = [];
      station.registered = registry.stations.get(station.id);
    }
    for (const [id, registered] of registry.stations) {
      if (stations.has(id)) continue;
      stations.set(id, { ...newStationState(id), registered });
    }
    for (const [key, registered] of registry.devices) {
      let device = devices.get(key);
      if (device === undefined) device = restored(registered);
      else if (device.registered !== registered) device = registerAnew(device, registered);
      devices.set(key, device);
      stations.get(registered.station)?.devices.push(device);
    }
    for (const key of devices.keys()) if (!registry.devices.has(key)) devices.delete(key);
    for (const station of stations.values()) station.devices.sort((a, b) => (a.id < b.id ? -1 : 1));
  };
  apply(snapshot);
  return { devices, stations, apply };
}
