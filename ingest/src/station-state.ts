import type { Station } from '@waystation/shared/contracts/registry-documents';
import { type Occupancy, unknownOccupancy } from '@waystation/shared/measures/occupancy';
import type { DeviceState } from './device-state.ts';

/** Everything the reducer holds of one station beyond its devices; a row of `station_twin`. */
export interface StationState {
  readonly id: string;
  registered: Station | undefined;
  /** The devices registered now, in the order of their ids. */
  devices: DeviceState[];
  occupancy: Occupancy;
  /** Connection of the station's gateway, if it is connected. */
  gateway: string | null;
  isDirty: boolean;
  /** The body as it stands in the table. */
  written: string;
}

export function newStationState(id: string): StationState {
  return {
    id,
    registered: undefined,
    devices: [],
    occupancy: unknownOccupancy,
    gateway: null,
    isDirty: true,
    written: '',
  };
}

export function writeStationMemory(station: StationState): string {
  return JSON.stringify({ occupancy: station.occupancy, gateway: station.gateway });
}

/** Reads the row of a station (our own file: its shape is trusted). */
export function readStation(id: string, body: string, memory: string): StationState {
  const row = JSON.parse(memory) as { occupancy: Occupancy; gateway: string | null };
  return { ...newStationState(id), ...row, isDirty: false, written: body };
}
