/** How a room is used: what the world needs to know of a station. */
export interface StationProfile {
  readonly station: string;
  /** Mean visits on an ordinary day (FACTS: 2, 12 and 200 a day). */
  readonly visitsPerDay: number;
  /** Weight of each local hour. */
  readonly hours: readonly number[];
  /** Factor of each weekday, Monday first. */
  readonly weekdays: readonly number[];
  /** Nobody comes in while it answers false (hosted rooms keep the host's hours). `minute` counts from local midnight. */
  readonly openAt?: (weekday: number, minute: number) => boolean;
  /** Cells of the charging locker; 0 = none. */
  readonly cells: number;
  /** Tank of the dispenser, ml; null = plumbed. */
  readonly capacityMl: number | null;
  /** Minutes a person stays when drinking and warming up, and when eating or charging (medians). */
  readonly shortStayMin: number;
  readonly longStayMin: number;
  /** Share of people who want to charge, by local hour. */
  readonly chargeShare: (hour: number) => number;
  /** Median minutes in a cell; null = while the person stays. A rider leaves the battery and comes back for it. */
  readonly leaveBehindMin: number | null;
  /** Share of people whom the door counter cannot see (they come in with a trolley, or by the side door). */
  readonly unseenShare: number;
  /** What the shelf holds when filled. */
  readonly shelf: Readonly<Record<string, number>>;
}

/** Weights of the 24 local hours, by the kind of place. */
export const hourShapes = {
  /** Shops and offices: two meal peaks, a thin night. */
  city: [2, 1.5, 1, 1, 1, 2, 4, 7, 9, 9, 10, 19, 23, 15, 10, 9, 10, 14, 20, 16, 11, 9, 7, 4],
  /** Factories: shifts change at 23:00, a peak until 02:00. */
  nightShift: [20, 17, 10, 4, 3, 3, 4, 7, 6, 5, 5, 8, 9, 6, 5, 5, 5, 7, 9, 7, 5, 5, 9, 19],
  /** Freight: 45 % of the visits between 22:00 and 06:00. */
  freight: [13, 12, 11, 10, 9, 9, 6, 6, 6, 6, 6, 9, 10, 7, 6, 6, 6, 7, 9, 7, 6, 7, 13, 14],
  /** Streets and villages: sanitation workers early, riders at meals. */
  street: [1, 1, 1, 1, 2, 5, 8, 9, 9, 8, 9, 14, 15, 10, 8, 8, 9, 12, 13, 9, 6, 4, 3, 2],
} as const;

/** Riders rest a little at weekends; Friday evening is the busiest. */
export const ordinaryWeek = [1, 0.99, 1.01, 1, 1.07, 0.98, 0.95] as const;

/** What a shelf of the demo district holds when filled, by the name it has in the district file. */
export const ordinaryShelf: Readonly<Record<string, number>> = {
  cups: 10,
  medicine: 1,
  'sewing-kit': 2,
  'womens-care': 40,
  sweets: 8,
  'tyre-pump': 1,
  'hand-warmers': 100,
};

/** A profile with everything ordinary except what is given. */
export function profileOf(
  given: Partial<StationProfile> & Pick<StationProfile, 'station' | 'visitsPerDay'>,
): StationProfile {
  return {
    hours: hourShapes.city,
    weekdays: ordinaryWeek,
    cells: 8,
    capacityMl: 18_900,
    shortStayMin: 11,
    longStayMin: 35,
    chargeShare: () => 0.4,
    leaveBehindMin: null,
    unseenShare: 0,
    shelf: ordinaryShelf,
    ...given,
  };
}
