/** After this long without anyone passing the door the room is taken to be empty. */
export const quietMeansEmptyMs = 60 * 60_000;

/** People inside, as a running estimate. */
export interface Occupancy {
  /** in - out since the first count; drifts and may be negative. */
  readonly raw: number;
  /** The count clamped at zero, and zero after an hour in which nobody passed. */
  readonly people: number;
  /** Epoch ms of the newest passage; null = none yet. */
  readonly passedAt: number | null;
  /** Epoch ms at which the number was last certain: the room was known to be empty; null = never. */
  readonly certainAt: number | null;
}

export const unknownOccupancy: Occupancy = { raw: 0, people: 0, passedAt: null, certainAt: null };

/** The estimate after `entered` and `left` people passed until `at` (epoch ms). */
export function passDoor(before: Occupancy, at: number, entered: number, left: number): Occupancy {
  const settled = settle(before, at);
  if (entered === 0 && left === 0) return settled.passedAt === null ? { ...settled, passedAt: at } : settled;
  const people = settled.people + entered - left;
  return {
    raw: settled.raw + entered - left,
    people: Math.max(0, people),
    passedAt: Math.max(at, settled.passedAt ?? at),
    // More people left than we believed inside: the last of them left an empty room behind.
    certainAt: people <= 0 ? at : settled.certainAt,
  };
}

/**
 * The estimate at `at` when the counter was heard and nobody passed since. Call it only for times that readings cover:
 * silence of the counter is not an empty room.
 */
export function settle(before: Occupancy, at: number): Occupancy {
  if (before.passedAt === null || at - before.passedAt < quietMeansEmptyMs) return before;
  const emptySince = before.passedAt + quietMeansEmptyMs;
  if (before.people === 0 && before.certainAt !== null && before.certainAt >= emptySince) return before;
  return { ...before, people: 0, certainAt: emptySince };
}

export interface Passage {
  /** Epoch ms until which the people had passed (a reading's time). */
  readonly at: number;
  readonly entered: number;
  readonly left: number;
}
export interface OccupancyPoint {
  readonly at: number;
  readonly people: number;
}

/** The curve of the estimate over passages in order of time, one point per passage. */
export function occupancyCurve(
  passages: readonly Passage[],
  from: Occupancy = unknownOccupancy,
): OccupancyPoint[] {
  let now = from;
  return passages.map(({ at, entered, left }) => {
    now = passDoor(now, at, entered, left);
    return { at, people: now.people };
  });
}
