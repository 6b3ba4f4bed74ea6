import gcoordModule from 'gcoord';
import type { Station } from '../contracts/registry-documents.ts';

// The package is CommonJS: what its types call `default` is what Node hands over as the module.
const gcoord = gcoordModule as unknown as typeof gcoordModule.default;
const systems = { wgs84: gcoord.WGS84, gcj02: gcoord.GCJ02, bd09: gcoord.BD09 } as const;

export interface Position {
  readonly lat: number;
  readonly lon: number;
}

/** A station's place in WGS84, whatever system it was given in; `undefined` when it has no place. */
export function toWgs84(station: Pick<Station, 'lat' | 'lon' | 'crs'>): Position | undefined {
  return placeIn('wgs84', station);
}

/** A station's place in GCJ-02, which map applications in China expect in a navigation link. */
export function toGcj02(station: Pick<Station, 'lat' | 'lon' | 'crs'>): Position | undefined {
  return placeIn('gcj02', station);
}

function placeIn(crs: Station['crs'], station: Pick<Station, 'lat' | 'lon' | 'crs'>): Position | undefined {
  if (station.lat === undefined || station.lon === undefined) return undefined;
  const [lon, lat] = gcoord.transform([station.lon, station.lat], systems[station.crs], systems[crs]);
  return { lat: Number(lat.toFixed(6)), lon: Number(lon.toFixed(6)) };
}
