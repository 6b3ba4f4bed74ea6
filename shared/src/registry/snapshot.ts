import type { EntityKind, RegistrySnapshot } from '../contracts/registry-documents.ts';

/** A row of table `entity`. */
export interface EntityRow {
  readonly kind: EntityKind;
  readonly id: string;
  readonly body: string | null;
}

/** Before anything was configured. */
export const emptySnapshot: RegistrySnapshot = {
  revision: 0,
  district: { name: '', zone: 'Asia/Shanghai', genericName: '工会驿站', demo: false },
  units: new Map(),
  stations: new Map(),
  devices: new Map(),
  logins: new Map(),
  users: new Map(),
};

/** A new snapshot: `base` with the rows applied in their order; `base` itself stays as it was. */
export function withRows(
  base: RegistrySnapshot,
  revision: number,
  rows: Iterable<EntityRow>,
): RegistrySnapshot {
  const next = {
    revision,
    district: base.district,
    units: new Map(base.units),
    stations: new Map(base.stations),
    devices: new Map(base.devices),
    logins: new Map(base.logins),
    users: new Map(base.users),
  };
  const maps = {
    unit: next.units,
    station: next.stations,
    device: next.devices,
    login: next.logins,
    user: next.users,
  } as const;
  for (const { kind, id, body } of rows) {
    // Documents were checked against their schema when they were written.
    const document = body === null ? null : JSON.parse(body);
    if (kind === 'district') next.district = document ?? emptySnapshot.district;
    else if (document === null) maps[kind].delete(id);
    else maps[kind].set(id, document);
  }
  return next;
}
