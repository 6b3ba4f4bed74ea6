import type {
  districtAnswerSchema,
  registeredDeviceSchema,
  stationAnswerSchema,
  stationSummarySchema,
} from '@waystation/shared/contracts/api';
import type { Device, RegistrySnapshot, Station } from '@waystation/shared/contracts/registry-documents';
import type { DeviceTwin, StationTwin } from '@waystation/shared/contracts/twin';
import { toWgs84 } from '@waystation/shared/registry/coordinates';
import type { z } from 'zod';

type Summary = z.input<typeof stationSummarySchema>;

/** The district as every answer carries it. */
export function districtView({ district }: RegistrySnapshot): z.input<typeof districtAnswerSchema> {
  const { name, zone, genericName, demo } = district;
  return { name, zone, genericName, demo };
}

/** Devices of each station, by station id. */
export function devicesByStation(registry: RegistrySnapshot): Map<string, Device[]> {
  const byStation = new Map<string, Device[]>();
  for (const device of registry.devices.values()) {
    const list = byStation.get(device.station);
    if (list === undefined) byStation.set(device.station, [device]);
    else list.push(device);
  }
  return byStation;
}

/** A station as the list shows it: what is registered, and what is known now. */
export function stationSummary(
  registry: RegistrySnapshot,
  station: Station,
  deviceCount: number,
  figures: StationTwin | null,
): Summary {
  const unit = registry.units.get(station.unit);
  const place = toWgs84(station);
  return {
    id: station.id,
    name: station.name,
    unit: { id: station.unit, name: unit?.name ?? station.unit, type: unit?.type ?? '' },
    stage: station.stage,
    hostType: station.host?.type ?? null,
    seats: station.seats ?? null,
    lat: place?.lat ?? null,
    lon: place?.lon ?? null,
    open24h: station.hours.length === 0,
    entry: station.entry,
    deviceCount,
    figures,
  };
}

/** What only the page of one station shows. */
export function stationDetail(
  registry: RegistrySnapshot,
  station: Station,
  deviceCount: number,
  figures: StationTwin | null,
): z.input<typeof stationAnswerSchema>['station'] {
  return {
    ...stationSummary(registry, station, deviceCount, figures),
    address: station.address ?? null,
    areaM2: station.areaM2 ?? null,
    hours: station.hours,
    nightPhone: station.nightPhone ?? null,
    note: station.note ?? null,
    supplies: station.supplies.map(({ sku, name, unit }) => ({ sku, name, unit })),
  };
}

/** A registered device with what is known of it. */
export function deviceView(
  device: Device,
  twin: DeviceTwin | undefined,
): z.input<typeof registeredDeviceSchema> {
  const { id, kind, stage, reportingIntervalS } = device;
  return {
    id,
    kind,
    name: device.name ?? null,
    stage,
    reportingIntervalS,
    capacityMl: device.capacityMl ?? null,
    twin: (twin as z.input<typeof registeredDeviceSchema>['twin']) ?? null,
  };
}
