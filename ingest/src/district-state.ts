import type { JournalRecord, MessageRecord } from '@waystation/shared/contracts/journal-record';
import type { RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import { passDoor } from '@waystation/shared/measures/occupancy';
import { type Zone, zoneOf } from '@waystation/shared/runtime/zone';
import { type CellShelves, createCellShelves, openCellsDue } from './cell-shelves.ts';
import { type DecodedTelemetry, decodeMessage } from './decode.ts';
import { readOpenCell, writeMemory } from './device-memory.ts';
import { type DeviceState, twinOf } from './device-state.ts';
import { createPresence } from './presence.ts';
import { endMessage, judge, rollDay, takeReading } from './reduce-device.ts';
import { stationTwin } from './reduce-station.ts';
import { createRoster } from './roster.ts';
import type { Changes, RejectedRow, StateDb, TwinRow } from './state-db.ts';
import { type StationState, writeStationMemory } from './station-state.ts';
import { notRegistered, refusal } from './verdict.ts';

/** Bytes of a rejected payload that are kept for people to look at. */
const maxRejectedBytes = 4_096;
/** Cells are kept for late readings (35 days at most) and then forgotten; the telemetry store has their rollups. */
const keepCellsMs = 40 * 86_400_000;
/** Ticks in a day: at each one some devices are looked at, so that every device has its turn. */
const ticksPerDay = 8_640;
/** Names of the persisted counters. */
const counterNames = [
  'messages',
  'readings',
  'repeats',
  'rejected_messages',
  'rejected_readings',
  'dropped_fields',
  'clock_replaced',
  'late_messages',
  'status_messages',
  'results',
  'actions',
  'unknown_records',
  'forgotten_numbers',
] as const;
export type CounterName = (typeof counterNames)[number];

/** The whole state of the district in memory: journal records go in, rows to write come out. Decides by nothing but the journal and the registry. */
export interface DistrictState {
  apply(record: JournalRecord, offset: number): void;
  /** A frame whose payload no version that we know wrote. */
  countUnknown(): void;
  /** The registry holds from the next record on. */
  applyRegistry(snapshot: RegistrySnapshot): void;
  /** Everything changed since the last `settled`; may be asked again until the commit succeeded. */
  changes(position: Changes['position'], store: Changes['store']): Changes;
  settled(): void;
  counters(): ReadonlyMap<string, number>;
  registryRevision(): number;
  sizes(): { devices: number; stations: number; cells: number; waitingCells: number };
}

/** The state as `db` holds it, under the registry that was in force at its position. */
export function loadDistrictState(db: StateDb, snapshot: RegistrySnapshot): DistrictState {
  const counters = db.readCounters();
  for (const name of counterNames) if (!counters.has(name)) counters.set(name, 0);
  const add = (name: CounterName, by = 1) => void counters.set(name, (counters.get(name) ?? 0) + by);
  let now = db.readPosition('state')?.receivedAt ?? 0;
  let openCellsWrittenAt = now;
  let lastTick = counters.get('last_tick') ?? 0;
  let registry = snapshot;
  let zone: Zone = zoneOf(snapshot.district.zone);
  const shelves: CellShelves = createCellShelves(db, () => now);
  for (const { station, device, memory } of db.readDevices()) {
    const open = readOpenCell(station, device, memory);
    if (open !== undefined) shelves.restore(open);
  }
  const roster = createRoster(db, snapshot);
  const { devices, stations } = roster;
  const withheld = new Map<number, string>();
  let rejected: RejectedRow[] = [];
  const dirtyDevices = new Set<DeviceState>();
  const dirtyStations = new Set<StationState>();

  const mark = (device: DeviceState) => {
    if (!device.isDirty) return;
    dirtyDevices.add(device);
    const station = stations.get(device.station);
    if (station !== undefined) dirtyStations.add(station);
  };
  const presence = createPresence({
    device: (key) => devices.get(key),
    station: (id) => stations.get(id),
    devices: () => devices.values(),
    stations: () => stations.values(),
  });

  // Devices registered but never seen get a row, too.
  for (const device of devices.values()) mark(device);

  const reject = (
    record: MessageRecord,
    offset: number,
    found: { station: string | null; device: string | null; reason: string; message: string },
  ) => {
    rejected.push({
      offset,
      receivedAt: record.receivedAt,
      station: found.station,
      device: found.device,
      topic: record.topic.slice(0, 256),
      reason: found.reason,
      message: found.message,
      payload: Uint8Array.prototype.slice.call(record.payload, 0, maxRejectedBytes),
    });
  };

  const applyMessage = (record: MessageRecord, offset: number) => {
    add('messages');
    const decoded = decodeMessage(record);
    switch (decoded.type) {
      case 'rejected': {
        add('rejected_messages');
        reject(record, offset, decoded);
        const device = devices.get(`${decoded.station}/${decoded.device}`);
        if (device !== undefined) countRejected(device);
        return;
      }
      case 'action':
        add('actions');
        return;
      case 'result':
        add('results');
        return;
      case 'status':
      case 'telemetry': {
        const device = devices.get(`${decoded.station}/${decoded.device}`);
        const fault = refusal(decoded, device);
        if (device === undefined || fault !== undefined) {
          add('rejected_messages');
          reject(record, offset, {
            station: decoded.station,
            device: decoded.device,
            ...(fault ?? notRegistered),
          });
          withheld.set(offset, '*');
          if (device !== undefined) countRejected(device);
          return;
        }
        if (decoded.type === 'status') {
          add('status_messages');
          presence.status(record, decoded, device);
          mark(device);
        } else applyTelemetry(record, offset, decoded, device);
      }
    }
  };

  const countRejected = (device: DeviceState) => {
    device.counters.rejected += 1;
    device.isDirty = true;
    mark(device);
  };

  const applyTelemetry = (
    record: MessageRecord,
    offset: number,
    message: DecodedTelemetry,
    device: DeviceState,
  ) => {
    const shelf = shelves.of(device.station, device.id);
    let repeats: number[] | undefined;
    if (message.late) add('late_messages');
    for (const reading of message.readings) {
      const effect = takeReading(device, shelf, zone, message, reading, record.receivedAt);
      if (effect.outcome === 'repeat') {
        repeats ??= [];
        repeats.push(reading.index);
        continue;
      }
      if (effect.forgotten > 0) add('forgotten_numbers', effect.forgotten);
      if (reading.droppedFields > 0) add('dropped_fields', reading.droppedFields);
      if (reading.clockReplaced) add('clock_replaced');
      if (effect.isNewest && device.registered.kind === 'door-counter') {
        const station = stations.get(device.station);
        if (station !== undefined) {
          station.occupancy = passDoor(
            station.occupancy,
            reading.at,
            effect.gained[0] ?? 0,
            effect.gained[1] ?? 0,
          );
        }
      }
    }
    add('readings', message.readings.length - (repeats?.length ?? 0));
    if (repeats !== undefined) {
      add('repeats', repeats.length);
      const isAll = repeats.length === message.readings.length;
      withheld.set(offset, isAll ? '*' : JSON.stringify(repeats));
    }
    if (message.rejections.length > 0) {
      add('rejected_readings', message.rejections.length);
      device.counters.rejected += message.rejections.length;
      for (const { reason, message: text } of message.rejections) {
        reject(record, offset, { station: device.station, device: device.id, reason, message: text });
      }
    }
    presence.heard(record, device);
    endMessage(device, record.receivedAt);
    mark(device);
  };

  /** Devices whose old cells go with the next commit: a few at each tick. */
  let prune: [string, string][] = [];
  let turn: Iterator<DeviceState> = devices.values();
  const nextTurn = () => {
    for (let left = Math.ceil(devices.size / ticksPerDay); left > 0; left -= 1) {
      let next = turn.next();
      if (next.done === true) {
        turn = devices.values();
        next = turn.next();
      }
      if (next.done !== true) prune.push([next.value.station, next.value.id]);
    }
  };

  const applyTick = (at: number) => {
    nextTurn();
    lastTick = at;
    counters.set('last_tick', at);
    for (const device of devices.values()) {
      if (device.nextCheckAt < at) judge(device, at);
      if (device.dayStart !== 0 && at >= device.dayEnd) rollDay(device, zone, at);
      if (device.isDirty) mark(device);
    }
  };

  return {
    apply(record, offset) {
      now = record.receivedAt;
      switch (record.type) {
        case 'message':
          applyMessage(record, offset);
          return;
        case 'connect':
        case 'disconnect':
          if (record.type === 'connect') presence.connect(record);
          else presence.disconnect(record);
          markLogin(record.login);
          return;
        case 'start':
          presence.start(record.receivedAt);
          for (const device of devices.values()) mark(device);
          for (const station of stations.values()) if (station.isDirty) dirtyStations.add(station);
          return;
        case 'tick':
          applyTick(record.receivedAt);
          return;
        case 'settings':
          return;
      }
    },
    countUnknown: () => add('unknown_records'),
    applyRegistry(next) {
      registry = next;
      zone = zoneOf(next.district.zone);
      counters.set('registry_revision', next.revision);
      roster.apply(next);
      for (const device of devices.values()) mark(device);
      for (const station of stations.values()) {
        station.isDirty = true;
        dirtyStations.add(station);
      }
    },
    changes(position, store) {
      const stationRows: TwinRow[] = [];
      for (const station of dirtyStations) {
        const body = JSON.stringify(stationTwin(station, lastTick));
        if (!station.isDirty && body === station.written) continue;
        stationRows.push({ station: station.id, body, memory: writeStationMemory(station) });
        station.written = body;
        station.isDirty = true;
      }
      const cells = shelves.dirty(openCellsDue(now - openCellsWrittenAt));
      const deviceRows: TwinRow[] = [];
      for (const device of dirtyDevices) {
        deviceRows.push({
          station: device.station,
          device: device.id,
          body: JSON.stringify(twinOf(device)),
          memory: writeMemory(device, shelves.waiting(device.station, device.id)),
        });
      }
      // In the order of the tables: neighbouring rows share pages.
      if (deviceRows.length > manyRows) deviceRows.sort(byKey);
      if (stationRows.length > manyRows) stationRows.sort(byKey);
      if (cells.length > manyRows) cells.sort(byKey);
      return {
        position,
        devices: deviceRows,
        stations: stationRows,
        cells,
        withheld: [...withheld],
        rejected,
        counters,
        prune: { before: now - keepCellsMs, devices: prune },
        store,
      };
    },
    settled() {
      for (const station of dirtyStations) station.isDirty = false;
      for (const device of dirtyDevices) device.isDirty = false;
      dirtyStations.clear();
      dirtyDevices.clear();
      withheld.clear();
      prune = [];
      rejected = [];
      openCellsWrittenAt = now;
      shelves.settled(devices.size);
    },
    counters: () => counters,
    registryRevision: () => registry.revision,
    sizes: () => ({
      devices: devices.size,
      stations: stations.size,
      cells: shelves.size(),
      waitingCells: shelves.waitingCount(),
    }),
  };

  function markLogin(login: string): void {
    const slash = login.indexOf('/');
    const device = slash === -1 ? undefined : devices.get(login);
    if (device !== undefined) mark(device);
    const station = slash === -1 ? stations.get(login) : undefined;
    if (station === undefined) return;
    for (const each of station.devices) mark(each);
    if (station.isDirty) dirtyStations.add(station);
  }
}

/** From so many rows on sorting them costs less than it saves. */
const manyRows = 1_000;

type Key = Pick<TwinRow, 'station' | 'device'>;
const byKey = (a: Key, b: Key) =>
  a.station < b.station ? -1 : a.station > b.station ? 1 : (a.device ?? '') < (b.device ?? '') ? -1 : 1;
