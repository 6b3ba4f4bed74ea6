import type { WorldEvent, WorldState } from './world-state.ts';

/** One line of the truth: what was really so in a room after something happened. */
export interface TruthLine {
  readonly station: string;
  readonly at: number;
  readonly event: WorldEvent['type'];
  readonly inside: number;
  readonly entries: number;
  readonly exits: number;
  readonly drawnMl: number;
  readonly levelMl: number | null;
  readonly meals: number;
  readonly charges: number;
  readonly unmet: WorldState['unmet'];
}

/** The line that a truth ledger (JSON lines) keeps for an event. */
export function truthLine(station: string, event: WorldEvent, after: WorldState): TruthLine {
  return {
    station,
    at: event.at,
    event: event.type,
    inside: after.inside,
    entries: after.entries,
    exits: after.exits,
    drawnMl: after.drawnMl,
    levelMl: after.levelMl,
    meals: after.meals,
    charges: after.charges,
    unmet: after.unmet,
  };
}
