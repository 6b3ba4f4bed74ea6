import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { Ledger } from '../load/ledger.ts';
import { verifyLedger } from './verify-ledger.ts';

const at = Date.parse('2026-11-20T04:00:00Z');
const ledger: Ledger = [
  { device: 's1/door-1', session: 'x', runs: [[1, 5]], firstAt: at, lastAt: at + 5_000, in: 5, out: 0 },
];
let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

/** A fake platform that answers what a test plants: the stored seqs, the twin's total, the sum of hours and days. */
async function fakePlatform(stored: readonly number[], twinIn: number, rollupIn: number): Promise<string> {
  const figure = { value: null, state: 'never', at: null };
  const station = {
    revision: 1,
    at,
    district: { name: 'd', zone: 'Asia/Shanghai', genericName: 'g', demo: false },
    station: {
      id: 's1',
      name: 's1',
      unit: { id: 'u', name: 'u', type: '街道' },
      stage: 'in-use',
      hostType: null,
      seats: null,
      lat: null,
      lon: null,
      open24h: true,
      entry: 'push',
      deviceCount: 1,
      figures: null,
      address: null,
      areaM2: null,
      hours: [],
      nightPhone: null,
      note: null,
      supplies: [],
    },
    devices: [
      {
        id: 'door-1',
        kind: 'door-counter',
        name: null,
        stage: 'in-use',
        reportingIntervalS: 60,
        capacityMl: null,
        twin: {
          station: 's1',
          device: 'door-1',
          kind: 'door-counter',
          state: 'ok',
          faults: [],
          at,
          receivedAt: at,
          online: true,
          onlineChangedAt: at,
          session: 'x',
          model: null,
          firmware: null,
          clockOffsetMs: 0,
          reportingIntervalMs: 60_000,
          data: null,
          totals: { in: twinIn, out: 0 },
          today: null,
          counters: { accepted: 5, repeats: 0, rejected: 0, clockReplaced: 0, resets: 0, gaps: 0 },
        },
      },
    ],
    figure,
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://fake').pathname;
    const answer = path.endsWith('/login')
      ? { token: 't', expiresAt: at, user: { name: 'admin', displayName: null, role: 'admin' } }
      : path.endsWith('/series')
        ? {
            readings: stored.map((seq) => ({
              session: 'x',
              seq,
              at: at + seq * 1_000,
              clockReplaced: false,
              data: { in: seq, out: 0 },
            })),
            next: null,
          }
        : path.endsWith('/trends')
          ? {
              metric: 'entries',
              level: 'day',
              rows: [{ start: at, group: 's1', sum: rollupIn, count: 5, min: null, max: null, coverage: 1 }],
            }
          : station;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => new Promise((resolve) => server.close(() => resolve()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const verify = (url: string) => verifyLedger({ url, user: 'admin', password: 'p', ledger, withinMs: 0 });

it('is content when everything is there once', async () => {
  const outcome = await verify(await fakePlatform([1, 2, 3, 4, 5], 5, 5));
  expect(outcome).toMatchObject({
    acknowledged: 5,
    stored: 5,
    missing: 0,
    twice: 0,
    wrongTotals: [],
    ok: true,
  });
});

it('finds an acknowledged reading that is missing', async () => {
  expect(await verify(await fakePlatform([1, 2, 4, 5], 5, 5))).toMatchObject({
    missing: 1,
    twice: 0,
    ok: false,
  });
});

it('finds a reading that was stored twice', async () => {
  expect(await verify(await fakePlatform([1, 2, 3, 3, 4, 5], 5, 5))).toMatchObject({
    missing: 0,
    twice: 1,
    ok: false,
  });
});

it('finds a person counted twice in the twin or in the sums', async () => {
  expect((await verify(await fakePlatform([1, 2, 3, 4, 5], 6, 5))).wrongTotals[0]).toContain('twin');
  expect((await verify(await fakePlatform([1, 2, 3, 4, 5], 5, 6))).wrongTotals[0]).toContain('add up to 6');
});
