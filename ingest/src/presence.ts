import type { JournalRecord, MessageRecord } from '@waystation/shared/contracts/journal-record';
import type { DecodedStatus } from './decode.ts';
import type { DeviceState } from './device-state.ts';
import type { StationState } from './station-state.ts';

/** Who is online, from the journal alone. A connection id belongs to one connection; what an older one still says changes nothing. */
export interface Presence {
  connect(record: Extract<JournalRecord, { type: 'connect' }>): void;
  disconnect(record: Extract<JournalRecord, { type: 'disconnect' }>): void;
  /** The broker started: nobody is connected until they connect again. */
  start(receivedAt: number): void;
  status(record: MessageRecord, status: DecodedStatus, device: DeviceState): void;
  /** A reading came: through a gateway that is what shows a device to be there. */
  heard(record: MessageRecord, device: DeviceState): void;
}

interface World {
  device(key: string): DeviceState | undefined;
  station(id: string): StationState | undefined;
  devices(): Iterable<DeviceState>;
  stations(): Iterable<StationState>;
}

export function createPresence(world: World): Presence {
  const setOnline = (device: DeviceState, online: boolean, connection: string | null, receivedAt: number) => {
    if (device.connection !== connection) {
      device.connection = connection;
      device.isDirty = true;
    }
    if (device.online === online) return;
    device.online = online;
    device.onlineChangedAt = receivedAt;
    device.isDirty = true;
  };
  const isGateway = (login: string) => !login.includes('/') && !login.includes(':');
  const offlineThrough = (station: StationState, connection: string, receivedAt: number) => {
    for (const device of station.devices) {
      if (device.connection === connection) setOnline(device, false, null, receivedAt);
    }
  };

  return {
    connect({ login, connection, receivedAt }) {
      if (login.includes('/')) {
        const device = world.device(login);
        if (device !== undefined) setOnline(device, true, connection, receivedAt);
        return;
      }
      const station = isGateway(login) ? world.station(login) : undefined;
      if (station === undefined) return;
      // A gateway that takes over from its own older connection keeps its devices.
      for (const device of station.devices) {
        if (station.gateway !== null && device.connection === station.gateway) {
          device.connection = connection;
          device.isDirty = true;
        }
      }
      station.gateway = connection;
      station.isDirty = true;
    },
    disconnect({ login, connection, receivedAt }) {
      if (login.includes('/')) {
        const device = world.device(login);
        if (device?.connection === connection) setOnline(device, false, null, receivedAt);
        return;
      }
      const station = isGateway(login) ? world.station(login) : undefined;
      if (station === undefined) return;
      offlineThrough(station, connection, receivedAt);
      if (station.gateway === connection) {
        station.gateway = null;
        station.isDirty = true;
      }
    },
    start(receivedAt) {
      for (const device of world.devices()) {
        if (device.online === true || device.connection !== null) setOnline(device, false, null, receivedAt);
      }
      for (const station of world.stations()) {
        if (station.gateway === null) continue;
        station.gateway = null;
        station.isDirty = true;
      }
    },
    status(record, { status }, device) {
      device.isDirty = true;
      if (!status.online) {
        if (device.connection !== null && record.connection === device.connection) {
          // The device's own connection is still there, so only its word changes; a disconnect ends it.
          const keeps = record.login.includes('/') ? device.connection : null;
          setOnline(device, false, keeps, record.receivedAt);
        }
        return;
      }
      if (record.will) return;
      const through = throughGateway(record, world);
      const isOwn = device.connection === record.connection;
      if (!isOwn && !through) return;
      setOnline(device, true, record.connection, record.receivedAt);
      device.session = status.session;
      device.model = status.model ?? device.model;
      device.firmware = status.firmware ?? device.firmware;
    },
    heard(record, device) {
      if (device.connection === record.connection && device.online === true) return;
      if (device.connection === record.connection || throughGateway(record, world)) {
        setOnline(device, true, record.connection, record.receivedAt);
      }
    },
  };
}

/** True when the message came through the gateway connection that its station has now. */
function throughGateway(record: MessageRecord, world: World): boolean {
  if (record.connection === '' || record.login.includes('/')) return false;
  return world.station(record.login)?.gateway === record.connection;
}
