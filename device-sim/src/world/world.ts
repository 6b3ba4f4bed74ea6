import type { Zone } from '@waystation/shared/runtime/zone';
import { chanceAt, chanceOf, hashOf } from './chance.ts';
import type { StationProfile } from './profile.ts';
import { planDay } from './visits.ts';
import { emptyRoom, step, type WorldEvent, type WorldState } from './world-state.ts';

/** One room through time. `advance` plays what happens up to and including a moment. */
export interface World {
  readonly state: WorldState;
  advance(to: number, observe?: (event: WorldEvent, after: WorldState) => void): void;
  /** A copy that goes its own way from here. */
  fork(): World;
}

export interface WorldOptions {
  readonly profile: StationProfile;
  readonly seed: string;
  readonly zone: Zone;
  /** Epoch ms; people are planned from the local day that contains it. */
  readonly startAt: number;
  /** What a story adds to chance. */
  readonly scripted?: readonly WorldEvent[];
}

/** Mean help calls a day in a room with 12 visits. */
const pressesPerVisit = 0.002;
const minuteMs = 60_000;

/** Makes the world of one station; deterministic in its options. */
export function createWorld(options: WorldOptions): World {
  const start = options.zone.dayStart(options.startAt);
  const scripted = [...(options.scripted ?? [])].filter((event) => event.at >= options.startAt);
  return makeWorld(options, emptyRoom(options.profile, start), scripted.sort(byTime), start);
}

function makeWorld(
  options: WorldOptions,
  initial: WorldState,
  initialQueue: readonly WorldEvent[],
  initialPlannedTo: number,
): World {
  const { profile, seed, zone } = options;
  const refillSeed = hashOf(`${seed}/${profile.station}/refill`);
  const refillAfterMs = (at: number) => (25 + Math.floor(chanceAt(refillSeed, at) * 65)) * minuteMs;
  let state = initial;
  let queue = [...initialQueue];
  let head = 0;
  let plannedTo = initialPlannedTo;

  const planUntil = (to: number) => {
    while (plannedTo <= to) {
      queue = [...queue.slice(head), ...eventsOfDay(profile, seed, zone, plannedTo)].sort(byTime);
      head = 0;
      plannedTo = zone.nextDayStart(plannedTo);
    }
  };
  const insert = (event: WorldEvent) => {
    let low = head;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (queue[middle]!.at <= event.at) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, event);
  };

  return {
    get state() {
      return state;
    },
    advance(to, observe) {
      planUntil(to);
      while (head < queue.length && queue[head]!.at <= to) {
        const event = queue[head]!;
        head += 1;
        const after = step(state, event, profile, refillAfterMs);
        state = after.state;
        for (const next of after.follow) insert(next);
        observe?.(event, state);
      }
      if (to > state.at) state = { ...state, at: to };
    },
    fork: () => makeWorld(options, state, queue.slice(head), plannedTo),
  };
}

function eventsOfDay(profile: StationProfile, seed: string, zone: Zone, dayStart: number): WorldEvent[] {
  const events: WorldEvent[] = [];
  for (const visit of planDay(profile, seed, zone, dayStart)) {
    events.push({ type: 'enter', at: visit.arriveAt, seen: visit.seen });
    events.push({ type: 'leave', at: visit.leaveAt, seen: visit.seen });
    if (visit.water !== null) events.push({ type: 'water', ...visit.water });
    if (visit.meal !== null) {
      events.push({ type: 'meal', ...visit.meal, giveUpAt: visit.leaveAt - visit.meal.runS * 1_000 });
    }
    if (visit.charge !== null) events.push({ type: 'charge', ...visit.charge });
    if (visit.takes !== null) events.push({ type: 'take', ...visit.takes });
  }
  const chance = chanceOf(`${seed}/${profile.station}/${dayStart}/help`);
  const dayMs = zone.nextDayStart(dayStart) - dayStart;
  if (chance.happens(profile.visitsPerDay * pressesPerVisit)) {
    events.push({ type: 'press', at: dayStart + Math.floor(chance.next() * dayMs) });
  }
  return events;
}

/** Array sort is stable, so that events of one moment keep the order in which they were planned. */
function byTime(a: WorldEvent, b: WorldEvent): number {
  return a.at - b.at;
}
