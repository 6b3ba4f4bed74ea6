import { setTimeout as sleep } from 'node:timers/promises';
import {
  loginAnswerSchema,
  seriesAnswerSchema,
  stationAnswerSchema,
  trendsAnswerSchema,
} from '@waystation/shared/contracts/api';
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
  readonly ok: boolean;
}

const pageRows = 10_000;
const dayMs = 86_400_000;

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
  let acknowledged = 0;
  let stored = 0;
  let missing = 0;
  let twice = 0;
  const wrongTotals: string[] = [];
  for (const entry of ledger) {
    const seen = await storedSeqs(entry, get);
    stored += seen.count;
    twice += seen.count - seen.seqs.size;
    for (const [first, last] of entry.runs) {
      for (let seq = first; seq <= last; seq += 1) {
        acknowledged += 1;
        if (!seen.seqs.has(seq)) missing += 1;
      }
    }
    const wrong = await wrongTotal(entry, seen.in, seen.out, get);
    if (wrong !== undefined) wrongTotals.push(wrong);
  }
  return {
    acknowledged,
    stored,
    missing,
    twice,
    wrongTotals,
    ok: missing === 0 && twice === 0 && wrongTotals.length === 0,
  };
}

async function storedSeqs({ device, session, firstAt, lastAt }: Ledger[number], get: Get) {
  const [station, id] = device.split('/');
  const seqs = new Set<number>();
  let count = 0;
  const last = { in: 0, out: 0 };
  let after: string | null = null;
  do {
    const cursor: string = after === null ? '' : `&after=${encodeURIComponent(after)}`;
    const page: z.output<typeof seriesAnswerSchema> = await get(
      `/api/v1/stations/${station}/devices/${id}/series?from=${firstAt - dayMs}&to=${lastAt + dayMs}&limit=${pageRows}${cursor}`,
      seriesAnswerSchema,
    );
    if (!('readings' in page)) throw new Error('the series is no list of readings');
    for (const reading of page.readings) {
      if (reading.session !== session) continue;
      count += 1;
      seqs.add(reading.seq);
      last.in = Math.max(last.in, Number(reading.data['in']));
      last.out = Math.max(last.out, Number(reading.data['out']));
    }
    after = page.next;
  } while (after !== null);
  return { seqs, count, ...last };
}

/** The twin's total, and the sums of hours and days, must say what the highest stored counter says (a reading may be stored without its acknowledgement having arrived). */
async function wrongTotal(
  { device, firstAt, lastAt, in: ackedIn }: Ledger[number],
  highestIn: number,
  highestOut: number,
  get: Get,
): Promise<string | undefined> {
  const [station, id] = device.split('/');
  if (highestIn < ackedIn)
    return `${device}: the highest stored count is ${highestIn}, acknowledged was ${ackedIn}`;
  const { devices } = await get(`/api/v1/stations/${station}`, stationAnswerSchema);
  const totals = devices.find((each) => each.id === id)?.twin?.totals;
  if (totals?.['in'] !== highestIn || totals['out'] !== highestOut)
    return `${device}: the twin counts ${totals?.['in']} in and ${totals?.['out']} out, the readings ${highestIn} and ${highestOut}`;
  if (devices.filter(({ kind }) => kind === 'door-counter').length > 1) return undefined;
  for (const level of ['hour', 'day'] as const) {
    const { rows } = await get(
      `/api/v1/trends?metric=entries&level=${level}&group=station&station=${station}&from=${firstAt - 2 * dayMs}&to=${lastAt + 2 * dayMs}`,
      trendsAnswerSchema,
    );
    const sum = rows.reduce((total, row) => total + row.sum, 0);
    if (sum !== highestIn) return `${device}: the ${level}s add up to ${sum}, the readings to ${highestIn}`;
  }
  return undefined;
}
