import type { alertsAnswerSchema, restockAnswerSchema } from '@waystation/shared/contracts/api';
import type { RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import type { DeviceTwin } from '@waystation/shared/contracts/twin';
import type { z } from 'zod';

type Alert = z.input<typeof alertsAnswerSchema>['alerts'][number];
type Low = z.input<typeof restockAnswerSchema>['items'][number];

/** A tank below this share needs a new bottle. */
const lowShare = 0.25;
const critical = new Set(['smoke', 'leak']);
const order = { critical: 0, major: 1, minor: 2 } as const;

/** Devices in use that report a fault or are silent, the most urgent first. */
export function activeAlerts(twins: readonly DeviceTwin[], registry: RegistrySnapshot): Alert[] {
  const alerts: Alert[] = [];
  for (const { station, device, state, faults, at } of twins) {
    if (registry.devices.get(`${station}/${device}`)?.stage !== 'in-use') continue;
    for (const type of faults)
      alerts.push({ station, device, type, severity: critical.has(type) ? 'critical' : 'major', since: at });
    if (state === 'stale') alerts.push({ station, device, type: 'stale', severity: 'minor', since: at });
  }
  return alerts.sort((a, b) => order[a.severity] - order[b.severity]);
}

/** Dispensers with a tank whose known level is low, the emptiest first. */
export function lowSupplies(twins: readonly DeviceTwin[], registry: RegistrySnapshot): Low[] {
  const items: Low[] = [];
  for (const { station, device, kind, data, at } of twins) {
    const capacityMl = registry.devices.get(`${station}/${device}`)?.capacityMl;
    if (
      kind !== 'water-dispenser' ||
      capacityMl === undefined ||
      data === null ||
      !('levelMl' in data) ||
      data.levelMl === undefined
    )
      continue;
    if (data.levelMl < capacityMl * lowShare)
      items.push({ station, device, sku: 'water', levelMl: data.levelMl, capacityMl, at });
  }
  return items.sort((a, b) => a.levelMl / a.capacityMl - b.levelMl / b.capacityMl);
}
