import type { Device } from '@waystation/shared/contracts/registry-documents';
import type { ReadingData } from '@waystation/shared/contracts/telemetry';
import type { Zone } from '@waystation/shared/runtime/zone';
import type { Story } from '../demo-stories.ts';
import { observe } from '../devices/observe.ts';
import { hashOf } from '../world/chance.ts';
import { profileOf } from '../world/profile.ts';
import type { TruthLine } from '../world/truth-ledger.ts';
import { truthLine } from '../world/truth-ledger.ts';
import { createWorld } from '../world/world.ts';
import type { WorldEvent, WorldState } from '../world/world-state.ts';

/** A reading that a device makes. The session is the local day and `seq` the second in it: a simulator that starts again says the same again. */
export interface MadeReading {
  readonly device: Device;
  readonly session: string;
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  readonly data: ReadingData;
}

/** Kinds that report at once when something happens. */
const reportsOnChange: Partial<Record<WorldEvent['type'], Device['kind'][]>> = {
  enter: ['door-counter', 'door-lock'],
  leave: ['door-counter', 'door-lock'],
  water: ['water-dispenser'],
  refill: ['water-dispenser'],
  'set-level': ['water-dispenser'],
  meal: ['microwave'],
  'meal-done': ['microwave'],
  charge: ['charging-locker'],
  'charge-done': ['charging-locker'],
  press: ['help-button'],
};

/** One local day of a station: its people, and what its devices report of them. */
export interface StationDay {
  readonly session: string;
  /** The local day, `2026-11-21`. */
  readonly date: string;
  /** First instant of the next local day, epoch ms. */
  readonly endsAt: number;
  /** Readings up to and including a moment, in order of time. */
  until(at: number, truth?: (line: TruthLine) => void): MadeReading[];
  /** What every device would say at a moment that `until` has reached. */
  now(at: number): MadeReading[];
}

/**
 * Begins the local day that contains `at`. The world began a day earlier, so that whoever is inside at midnight also leaves.
 * `scriptedAt`: when the story of a low tank begins, epoch ms. `deadSince`: from which day on broken devices are silent, epoch ms.
 */
export function beginDay(
  devices: readonly Device[],
  story: Story,
  seed: string,
  zone: Zone,
  at: number,
  scriptedAt?: number,
  deadSince = 0,
): StationDay {
  const station = devices[0]?.station ?? '';
  const faults = story.faults ?? {};
  const dayStart = zone.dayStart(at);
  const { year, month, day } = zone.parts(dayStart);
  const date = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  const session = `d${date.replaceAll('-', '')}`;
  const scripted: WorldEvent[] = [];
  if (faults.startLevelMl !== undefined && scriptedAt !== undefined)
    scripted.push(
      { type: 'set-level', at: scriptedAt, levelMl: faults.startLevelMl },
      { type: 'refill', at: scriptedAt + 150_000 },
    );
  const world = createWorld({
    profile: profileOf({ station, ...story.profile }),
    seed,
    zone,
    startAt: zone.dayStart(dayStart - 1),
    scripted,
  });
  world.advance(dayStart - 1);
  // A session's counters start at 0, so what yesterday's people used is taken off.
  const { drawnMl, meals, mealS, presses } = world.state;
  const sinceMidnight = (state: WorldState): WorldState => ({
    ...state,
    drawnMl: state.drawnMl - drawnMl,
    meals: state.meals - meals,
    mealS: state.mealS - mealS,
    presses: state.presses - presses,
  });
  const door = { in: 0, out: 0 };
  const dead = dayStart >= deadSince ? (faults.dead ?? []) : [];
  const reporting = devices.filter(({ id }) => !dead.includes(id));
  const nextAt = new Map(
    reporting.map((device) => [
      device,
      dayStart + (hashOf(`${station}/${device.id}`) % device.reportingIntervalS) * 1_000,
    ]),
  );
  const lastSeq = new Map<Device, number>();
  let truthOf: ((line: TruthLine) => void) | undefined;

  const make = (device: Device, moment: number): MadeReading[] => {
    const { hour, minute } = zone.parts(moment);
    const seq = Math.floor((moment - dayStart) / 1_000);
    if (faults.silent?.(hour, minute, day) || (lastSeq.get(device) ?? -1) >= seq) return [];
    lastSeq.set(device, seq);
    return [
      {
        device,
        session,
        seq,
        at: moment,
        data: observe(device.kind, {
          state: sinceMidnight(world.state),
          door: { ...door },
          faults,
          station,
          hour,
          day,
          at: moment,
        }),
      },
    ];
  };

  return {
    session,
    date,
    now: (at) => reporting.flatMap((device) => make(device, Math.floor(at / 1_000) * 1_000)),
    endsAt: zone.nextDayStart(dayStart),
    until(to, truth) {
      truthOf = truth;
      const made: MadeReading[] = [];
      for (;;) {
        let due: Device | undefined;
        let dueAt = Number.POSITIVE_INFINITY;
        for (const [device, next] of nextAt) {
          if (next >= dueAt) continue;
          due = device;
          dueAt = next;
        }
        const step = Math.min(to, dueAt);
        world.advance(step, (event, after) => {
          if (event.type === 'enter' && event.seen) door.in += 1;
          if (event.type === 'leave' && event.seen) door.out += 1;
          truthOf?.(truthLine(station, event, after));
          const kinds = reportsOnChange[event.type] ?? [];
          for (const device of reporting)
            if (kinds.includes(device.kind)) made.push(...make(device, Math.floor(event.at / 1_000) * 1_000));
        });
        if (due === undefined || dueAt > to) return made;
        nextAt.set(due, dueAt + due.reportingIntervalS * 1_000);
        made.push(...make(due, dueAt));
      }
    },
  };
}
