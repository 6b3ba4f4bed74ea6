import { setTimeout as sleep } from 'node:timers/promises';
import {
  loginAnswerSchema,
  seriesAnswerSchema,
  stationAnswerSchema,
  trendsAnswerSchema,
} from '@waystation/shared/contracts/api';
import { zoneOf } from '@waystation/shared/runtime/zone';
import type { z } from 'zod';
import type { Ledger } from '../load/ledger.ts';

export interface VerifyOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly ledger: Ledger;
  /** How long the platform may take to catch up, ms. */
  readonly withinMs: number;
}

export interface VerifyOutcome {
  readonly acknowledged: number;
  readonly stored: number;
  /** Acknowledged readings that the platform does not have. */
  readonly missing: number;
  /** Readings that the platform has more than once. */
  readonly twice: number;
  /** Devices whose totals differ: one line each. */
  readonly wrongTotals: readonly string[];
  /** Devices whose totals cannot be held against the ledger, with the reason. */
  readonly notCompared: readonly string[];
  readonly ok: boolean;
}

const pageRows = 10_000;
/** A session whose first reading this soon after midnight already counts people began on the day before. */
const reachesInMs = 3_600_000;

/** Asks the platform over HTTP and compares with the ledger, until it agrees or the time is up. */
export async function verifyLedger(options: VerifyOptions): Promise<VerifyOutcome> {
  const get = await openSession(options);
  const deadline = Date.now() + options.withinMs;
  for (;;) {
    const outcome = await compare(options.ledger, get);
    if (outcome.ok || Date.now() > deadline) return outcome;
    await sleep(500);
  }
}

type Get = <S extends z.ZodType>(path: string, schema: S) => Promise<z.output<S>>;

async function openSession({ url, user, password }: VerifyOptions): Promise<Get> {
  const login = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: user, password }),
  });
  if (!login.ok) throw new Error(`login: ${login.status} ${await login.text()}`);
  const { token } = loginAnswerSchema.parse(await login.json());
  return async (path, schema) => {
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return schema.parse(await answer.json());
  };
}

async function compare(ledger: Ledger, get: Get): Promise<VerifyOutcome> {
  const counts = { acknowledged: 0, stored: 0, missing: 0, twice: 0 };
  const wrongTotals: string[] = [];
  const notCompared: string[] = [];
  for (const [device, entries] of Map.groupBy(ledger, (entry) => entry.device)) {
    const seen = await storedReadings(device, entries, get);
    for (const { session, runs } of entries) {
      const { numbers, count } = seen.sessions.get(session) ?? noReadings;
      counts.stored += count;
      counts.twice += count - numbers.size;
      for (const [first, last] of runs) {
        for (let seq = first; seq <= last; seq += 1) {
          counts.acknowledged += 1;
          if (!numbers.has(seq)) counts.missing += 1;
        }
      }
    }
    const { wrong, unknown } = await compareTotals(device, entries, seen, get);
    if (wrong !== undefined) wrongTotals.push(`${device}: ${wrong}`);
    if (unknown !== undefined) notCompared.push(`${device}: ${unknown}`);
  }
  return {
    ...counts,
    wrongTotals,
    notCompared,
    ok: counts.missing === 0 && counts.twice === 0 && wrongTotals.length === 0,
  };
}

/** What the platform has of one session of a device. */
interface StoredSession {
  readonly numbers: Set<number>;
  count: number;
  /** Of its earliest and its highest reading. */
  first: { at: number; in: number };
  in: number;
  out: number;
}
const noReadings: Pick<StoredSession, 'numbers' | 'count'> = { numbers: new Set(), count: 0 };

interface Stored {
  /** Local midnights around the ledger's readings, epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly sessions: ReadonlyMap<string, StoredSession>;
}

/** All readings of a device on the local days of the ledger and the day before and after. */
async function storedReadings(device: string, entries: Ledger, get: Get): Promise<Stored> {
  const [station, id] = device.split('/');
  const { district } = await get(`/api/v1/stations/${station}`, stationAnswerSchema);
  const zone = zoneOf(district.zone);
  const from = zone.dayStart(zone.dayStart(Math.min(...entries.map(({ firstAt }) => firstAt))) - 1);
  const to = zone.nextDayStart(zone.nextDayStart(Math.max(...entries.map(({ lastAt }) => lastAt))));
  const sessions = new Map<string, StoredSession>();
  let after: string | null = null;
  do {
    const cursor: string = after === null ? '' : `&after=${encodeURIComponent(after)}`;
    const page: z.output<typeof seriesAnswerSchema> = await get(
      `/api/v1/stations/${station}/devices/${id}/series?from=${from}&to=${to}&limit=${pageRows}${cursor}`,
      seriesAnswerSchema,
    );
    if (!('readings' in page)) throw new Error('the series is no list of readings');
    for (const { session: name, seq, at, data } of page.readings) {
      const [entered, left] = [Number(data['in'] ?? 0), Number(data['out'] ?? 0)];
      const known = sessions.get(name);
      const session = known ?? { numbers: new Set(), count: 0, first: { at, in: entered }, in: 0, out: 0 };
      if (known === undefined) sessions.set(name, session);
      session.count += 1;
      session.numbers.add(seq);
      session.in = Math.max(session.in, entered);
      session.out = Math.max(session.out, left);
    }
    after = page.next;
  } while (after !== null);
  return { from, to, sessions };
}

/**
 * The sums of hours and days must say what the counters say, session by session; the twin's total, too, when the platform has nothing else of the
 * device. (A reading may be stored without its acknowledgement having arrived, so the stored counters are what the sums are held against.)
 */
async function compareTotals(
  device: string,
  entries: Ledger,
  { from, to, sessions }: Stored,
  get: Get,
): Promise<{ wrong?: string; unknown?: string }> {
  const [station, id] = device.split('/');
  for (const entry of entries) {
    const highest = sessions.get(entry.session)?.in ?? 0;
    if (highest < entry.in)
      return {
        wrong: `the highest stored count of ${entry.session} is ${highest}, acknowledged was ${entry.in}`,
      };
  }
  const { devices } = await get(`/api/v1/stations/${station}`, stationAnswerSchema);
  const own = devices.find((each) => each.id === id);
  if (own?.kind !== 'door-counter') return {};
  const all = [...sessions.values()];
  if (all.some(({ first }) => first.in > 0 && first.at < from + reachesInMs))
    return { unknown: 'a session began before the days that are compared' };
  const sum = (field: 'in' | 'out' | 'count') => all.reduce((total, session) => total + session[field], 0);
  const [entered, left] = [sum('in'), sum('out')];
  const { totals, counters } = own.twin ?? {};
  if (counters?.accepted === sum('count') && (totals?.['in'] !== entered || totals?.['out'] !== left))
    return {
      wrong: `the twin counts ${totals?.['in']} in and ${totals?.['out']} out, the readings ${entered} and ${left}`,
    };
  if (devices.filter(({ kind }) => kind === 'door-counter').length > 1)
    return { unknown: 'its station has several doors' };
  for (const level of ['hour', 'day'] as const) {
    const { rows } = await get(
      `/api/v1/trends?metric=entries&level=${level}&group=station&station=${station}&from=${from}&to=${to}`,
      trendsAnswerSchema,
    );
    const booked = rows.reduce((total, row) => total + (row.sum ?? 0), 0);
    if (booked !== entered) return { wrong: `the ${level}s add up to ${booked}, the readings to ${entered}` };
  }
  return {};
}
