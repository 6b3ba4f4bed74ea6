import type { StationProfile } from './profile.ts';

/** Something that happens in a room. `at` is epoch ms. */
export type WorldEvent =
  | { readonly type: 'enter' | 'leave'; readonly at: number; readonly seen: boolean }
  | { readonly type: 'water'; readonly at: number; readonly ml: number }
  | { readonly type: 'meal'; readonly at: number; readonly runS: number; readonly giveUpAt: number }
  | { readonly type: 'meal-done'; readonly at: number; readonly runS: number }
  | { readonly type: 'charge'; readonly at: number; readonly until: number }
  | { readonly type: 'charge-done'; readonly at: number; readonly cell: number }
  | { readonly type: 'take'; readonly at: number; readonly sku: string }
  | { readonly type: 'refill'; readonly at: number }
  | { readonly type: 'set-level'; readonly at: number; readonly levelMl: number }
  | { readonly type: 'press'; readonly at: number };

/** The truth about one room at one moment. Totals count from the start of the world. */
export interface WorldState {
  readonly at: number;
  readonly inside: number;
  readonly entries: number;
  readonly exits: number;
  readonly lastDoorAt: number;
  readonly drawnMl: number;
  /** null = plumbed. */
  readonly levelMl: number | null;
  readonly refillPlanned: boolean;
  /** Until when each cell is taken, epoch ms; 0 = free. */
  readonly cells: readonly number[];
  readonly charges: number;
  readonly meals: number;
  readonly mealS: number;
  /** The microwave runs from `mealFrom` until `mealUntil`. */
  readonly mealFrom: number;
  readonly mealUntil: number;
  readonly shelf: Readonly<Record<string, number>>;
  readonly presses: number;
  /** People who found no water, no free cell or no free microwave. */
  readonly unmet: { readonly water: number; readonly charge: number; readonly meal: number };
}

/** An empty room with a full tank and a full shelf. */
export function emptyRoom(profile: StationProfile, at: number): WorldState {
  return {
    at,
    inside: 0,
    entries: 0,
    exits: 0,
    lastDoorAt: 0,
    drawnMl: 0,
    levelMl: profile.capacityMl,
    refillPlanned: false,
    cells: Array.from({ length: profile.cells }, () => 0),
    charges: 0,
    meals: 0,
    mealS: 0,
    mealFrom: 0,
    mealUntil: 0,
    shelf: profile.shelf,
    presses: 0,
    unmet: { water: 0, charge: 0, meal: 0 },
  };
}

/** Share of the tank below which a volunteer is called. */
export const refillBelow = 0.18;
/** The microwave is wiped and opened between two meals. */
const turnoverMs = 10_000;

/** The room after an event, and what will follow from it. Pure. */
export function step(
  state: WorldState,
  event: WorldEvent,
  profile: StationProfile,
  refillAfterMs: (at: number) => number,
): { readonly state: WorldState; readonly follow: readonly WorldEvent[] } {
  const now = { ...state, at: event.at };
  const only = (change: Partial<WorldState>) => ({ state: { ...now, ...change }, follow: [] });
  switch (event.type) {
    case 'enter':
      return only({ inside: state.inside + 1, entries: state.entries + 1, lastDoorAt: event.at });
    case 'leave':
      return only({ inside: state.inside - 1, exits: state.exits + 1, lastDoorAt: event.at });
    case 'water':
      return draw(now, event.ml, profile, refillAfterMs);
    case 'meal': {
      if (event.at >= state.mealUntil) {
        const until = event.at + event.runS * 1_000;
        const done: WorldEvent = { type: 'meal-done', at: until, runS: event.runS };
        return { state: { ...now, mealFrom: event.at, mealUntil: until }, follow: [done] };
      }
      const again = state.mealUntil + turnoverMs;
      if (again > event.giveUpAt) return only({ unmet: { ...state.unmet, meal: state.unmet.meal + 1 } });
      return { state: now, follow: [{ ...event, at: again }] };
    }
    case 'meal-done':
      return only({ meals: state.meals + 1, mealS: state.mealS + event.runS });
    case 'charge': {
      const cell = state.cells.indexOf(0);
      if (cell < 0) return only({ unmet: { ...state.unmet, charge: state.unmet.charge + 1 } });
      const done: WorldEvent = { type: 'charge-done', at: event.until, cell };
      return {
        state: { ...now, cells: state.cells.with(cell, event.until), charges: state.charges + 1 },
        follow: [done],
      };
    }
    case 'charge-done':
      return only({ cells: state.cells.with(event.cell, 0) });
    case 'take': {
      const left = state.shelf[event.sku] ?? 0;
      // The last one of a kind stays on the shelf until the weekly round: nobody takes the only pump home.
      const quantity = left > 1 ? left - 1 : (profile.shelf[event.sku] ?? left);
      return only({ shelf: { ...state.shelf, [event.sku]: quantity } });
    }
    case 'refill':
      return only({ levelMl: profile.capacityMl, refillPlanned: false });
    case 'set-level':
      return only({ levelMl: profile.capacityMl === null ? null : event.levelMl, refillPlanned: true });
    case 'press':
      return only({ presses: state.presses + 1 });
  }
}

function draw(
  state: WorldState,
  ml: number,
  profile: StationProfile,
  refillAfterMs: (at: number) => number,
): { state: WorldState; follow: readonly WorldEvent[] } {
  if (state.levelMl === null || profile.capacityMl === null) {
    return { state: { ...state, drawnMl: state.drawnMl + ml }, follow: [] };
  }
  if (state.levelMl < ml) {
    return { state: { ...state, unmet: { ...state.unmet, water: state.unmet.water + 1 } }, follow: [] };
  }
  const levelMl = state.levelMl - ml;
  const call = !state.refillPlanned && levelMl < profile.capacityMl * refillBelow;
  return {
    state: {
      ...state,
      drawnMl: state.drawnMl + ml,
      levelMl,
      refillPlanned: state.refillPlanned || call,
    },
    follow: call ? [{ type: 'refill', at: state.at + refillAfterMs(state.at) }] : [],
  };
}
