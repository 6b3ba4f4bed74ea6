import type { occupancyAnswerSchema } from '@waystation/shared/contracts/api';
import type { Device, RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import type { DataOf } from '@waystation/shared/contracts/telemetry';
import { counterFlows } from '@waystation/shared/measures/counter-flow';
import { passDoor, settle, unknownOccupancy } from '@waystation/shared/measures/occupancy';
import type { StoredReading, TelemetryStore } from '@waystation/shared/telemetry-store/port';
import type { z } from 'zod';

const pointMs = 5 * 60_000;
const pageRows = 10_000;
const maxReadings = 100_000;
/** The estimate begins this long before the curve, so that it has settled. */
const leadMs = 3 * 3_600_000;
/** A counter that was silent for longer than this many intervals leaves a gap. */
const gapIntervals = 3;

/** The curve of people inside, one point per five minutes, from stored readings of the room's door counters. */
export async function occupancyOf(
  station: string,
  registry: RegistrySnapshot,
  store: TelemetryStore,
  now: number,
  hours: number,
): Promise<z.input<typeof occupancyAnswerSchema>> {
  const to = now;
  const from = Math.floor((to - hours * 3_600_000) / pointMs) * pointMs;
  const doors = [...registry.devices.values()].filter(
    (device) => device.station === station && device.kind === 'door-counter',
  );
  const passages: { at: number; entered: number; left: number }[] = [];
  const heard: { at: number; windowMs: number }[] = [];
  for (const door of doors) {
    const readings = await readAll(store, door, from - leadMs, to);
    passages.push(...passagesOf(door, readings));
    heard.push(
      ...readings.map(({ at }) => ({ at, windowMs: gapIntervals * door.reportingIntervalS * 1_000 })),
    );
  }
  passages.sort((a, b) => a.at - b.at);
  heard.sort((a, b) => a.at - b.at);

  const points: { at: number; people: number | null; entries: number }[] = [];
  let occupancy = unknownOccupancy;
  let next = 0;
  let nextHeard = 0;
  let coveredUntil = Number.NEGATIVE_INFINITY;
  for (let at = from; at < to; at += pointMs) {
    const end = Math.min(at + pointMs, to);
    let entries = 0;
    for (
      let passage = passages[next];
      passage !== undefined && passage.at < end;
      passage = passages[++next]
    ) {
      occupancy = passDoor(occupancy, passage.at, passage.entered, passage.left);
      if (passage.at >= at) entries += passage.entered;
    }
    for (let report = heard[nextHeard]; report !== undefined && report.at <= end; report = heard[++nextHeard])
      coveredUntil = Math.max(coveredUntil, report.at + report.windowMs);
    const isCovered = coveredUntil >= end;
    if (isCovered) occupancy = settle(occupancy, end);
    points.push({ at, people: isCovered ? occupancy.people : null, entries });
  }
  const covered = points.filter(({ people }) => people !== null).length;
  return {
    from,
    to,
    everyMs: pointMs,
    coverage: doors.length === 0 || points.length === 0 ? null : covered / points.length,
    points,
  };
}

function passagesOf(door: Device, readings: readonly StoredReading[]) {
  const rules = {
    counterMax: door.counterMax,
    persistentTotal: door.persistentTotal,
    reportingIntervalMs: door.reportingIntervalS * 1_000,
  };
  const flows = (field: 'in' | 'out') =>
    counterFlows(
      readings.map(({ session, seq, at, data }) => ({
        session,
        seq,
        at,
        value: (data as DataOf<'door-counter'>)[field],
      })),
      rules,
      'baseline',
    );
  // Stored readings are as the device sent them: a counter mounted backwards is turned round here.
  const [entered, left] = door.swapDirection ? [flows('out'), flows('in')] : [flows('in'), flows('out')];
  return entered.map(({ at, flow }, index) => ({ at, entered: flow, left: left[index]?.flow ?? 0 }));
}

async function readAll(
  store: TelemetryStore,
  door: Device,
  from: number,
  to: number,
): Promise<StoredReading[]> {
  const readings: StoredReading[] = [];
  let after: string | null = null;
  do {
    const page = await store.readRaw({
      station: door.station,
      device: door.id,
      from,
      to,
      limit: pageRows,
      ...(after === null ? {} : { after }),
    });
    readings.push(...page.readings.filter(({ clockReplaced }) => !clockReplaced));
    after = page.next;
  } while (after !== null && readings.length < maxReadings);
  return readings;
}
