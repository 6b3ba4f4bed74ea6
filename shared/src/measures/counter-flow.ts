/** How the values of one cumulative counter are to be read (DESIGN 4 "Counters"). */
export interface CounterRules {
  /** Value at which the counter wraps to 0; absent = a fall is a reset. */
  readonly counterMax?: number | undefined;
  /** Totals survive a reboot: the first value is a baseline, and a session goes on where the last one ended. */
  readonly persistentTotal: boolean;
}

export interface CounterStep {
  /** What was counted between the two values, in the counter's own unit; never negative. */
  readonly flow: number;
  /** The counter fell without a believable wrap. */
  readonly reset: boolean;
}

/**
 * What happened between two values of a counter. `before` undefined: there is no earlier value.
 * A fall is a wrap when `counterMax` is registered and the way over it is the shorter one (FACTS: a wrap happens near the maximum, a reset near zero); else
 * a reset: a counter that starts at 0 has counted `after` since, a persistent one has a new baseline.
 */
export function counterStep(before: number | undefined, after: number, rules: CounterRules): CounterStep {
  if (before === undefined) return { flow: rules.persistentTotal ? 0 : after, reset: false };
  if (after >= before) return { flow: after - before, reset: false };
  if (rules.counterMax !== undefined && before <= rules.counterMax) {
    const over = rules.counterMax - before + after;
    if (over <= rules.counterMax / 2) return { flow: over, reset: false };
  }
  return { flow: rules.persistentTotal ? 0 : after, reset: true };
}

/** The instant at which a difference that ends in a reading at `at` is booked: a count reported at 00:00 belongs to yesterday. */
export function bookedAt(at: number): number {
  return at - 1;
}

/** True when more than two reporting intervals lie between two readings. */
export function isGap(beforeAt: number, at: number, reportingIntervalMs: number): boolean {
  return at - beforeAt > 2 * reportingIntervalMs;
}

export interface CounterReading {
  readonly session: string;
  readonly seq: number;
  /** Epoch ms. */
  readonly at: number;
  readonly value: number;
}
export interface CounterFlow extends CounterStep {
  /** Where the flow is booked, epoch ms. */
  readonly at: number;
  /** More than two reporting intervals since the reading before. */
  readonly gap: boolean;
}

/**
 * Flows of stored readings, ordered by time. Readings may come in any order and more than once. Within a session `seq` decides the order.
 * `first`: the readings are the beginning of a longer series that is not at hand: its first value of a session is a baseline then.
 */
export function counterFlows(
  readings: readonly CounterReading[],
  rules: CounterRules & { readonly reportingIntervalMs: number },
  first: 'counts' | 'baseline' = 'counts',
): CounterFlow[] {
  const sessions = new Map<string, CounterReading[]>();
  for (const reading of readings) {
    const list = sessions.get(reading.session);
    if (list === undefined) sessions.set(reading.session, [reading]);
    else list.push(reading);
  }
  for (const list of sessions.values()) list.sort((a, b) => a.seq - b.seq);
  const inTime = [...sessions.values()].sort((a, b) => (a[0]?.at ?? 0) - (b[0]?.at ?? 0));
  const flows: CounterFlow[] = [];
  let carried: CounterReading | undefined;
  let isFirstSession = true;
  for (const list of inTime) {
    let before = rules.persistentTotal ? carried : undefined;
    for (const reading of list) {
      if (before !== undefined && before.session === reading.session && before.seq === reading.seq) continue;
      const isBaseline = before === undefined && isFirstSession && first === 'baseline';
      const step = isBaseline ? { flow: 0, reset: false } : counterStep(before?.value, reading.value, rules);
      const gap = before !== undefined && isGap(before.at, reading.at, rules.reportingIntervalMs);
      flows.push({ ...step, gap, at: bookedAt(reading.at) });
      before = reading;
    }
    carried = before ?? carried;
    isFirstSession = false;
  }
  return flows.sort((a, b) => a.at - b.at);
}
