/** Local hours and days of a time zone. An hour starts at a local full hour; a day has 23 to 25 of them (DESIGN 4). */
export interface Zone {
  readonly name: string;
  /** Epoch ms of the local full hour that contains `at`. */
  hourStart(at: number): number;
  /** Epoch ms of the local midnight (first instant of the local date) that contains `at`. */
  dayStart(at: number): number;
  /** Epoch ms of the first instant of the next local date. */
  nextDayStart(at: number): number;
  /** Local parts, weekday 1 = Monday .. 7 = Sunday. */
  parts(at: number): {
    year: number;
    month: number;
    day: number;
    hour: number;
    minute: number;
    weekday: number;
  };
  /** Offset from UTC at that instant, ms, east positive. */
  offsetMs(at: number): number;
  /** Epoch ms of a local wall-clock time given as UTC ms; of two the earlier, in a gap the instant after it. */
  fromLocal(localAsUtcMs: number): number;
}

const quarterMs = 900_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** Offsets change only at quarter hours; one cached entry per quarter hour seen, bounded. */
const maxCachedQuarters = 50_000;

const zones = new Map<string, Zone>();

/**
 * The zone with an IANA name.
 * @throws RangeError for an unknown name.
 */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const zone = makeZone(name);
  zones.set(name, zone);
  return zone;
}

function makeZone(name: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const offsets = new Map<number, number>();

  const offsetMs = (at: number): number => {
    const quarter = Math.floor(at / quarterMs);
    const cached = offsets.get(quarter);
    if (cached !== undefined) return cached;
    const start = quarter * quarterMs;
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(start)) part[type] = Number(value);
    const local = Date.UTC(
      part['year'] ?? 0,
      (part['month'] ?? 1) - 1,
      part['day'],
      part['hour'],
      part['minute'],
      part['second'],
    );
    const offset = local - start;
    if (offsets.size >= maxCachedQuarters) offsets.clear();
    offsets.set(quarter, offset);
    return offset;
  };

  const fromLocal = (localAsUtcMs: number): number => {
    const before = offsetMs(localAsUtcMs - dayMs);
    const after = offsetMs(localAsUtcMs + dayMs);
    const earlier = localAsUtcMs - Math.max(before, after);
    if (offsetMs(earlier) === Math.max(before, after)) return earlier;
    const later = localAsUtcMs - Math.min(before, after);
    if (offsetMs(later) === Math.min(before, after)) return later;
    // The wall clock skipped this time: the first instant after the gap.
    let instant = Math.ceil(earlier / quarterMs) * quarterMs;
    while (instant + offsetMs(instant) < localAsUtcMs) instant += quarterMs;
    return instant;
  };

  const dayStart = (at: number): number => {
    const local = at + offsetMs(at);
    return fromLocal(local - modulo(local, dayMs));
  };

  return {
    name,
    offsetMs,
    fromLocal,
    hourStart(at) {
      const local = at + offsetMs(at);
      return at - modulo(local, hourMs);
    },
    dayStart,
    nextDayStart(at) {
      const local = at + offsetMs(at);
      return fromLocal(local - modulo(local, dayMs) + dayMs);
    },
    parts(at) {
      const local = new Date(at + offsetMs(at));
      return {
        year: local.getUTCFullYear(),
        month: local.getUTCMonth() + 1,
        day: local.getUTCDate(),
        hour: local.getUTCHours(),
        minute: local.getUTCMinutes(),
        weekday: local.getUTCDay() || 7,
      };
    },
  };
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
