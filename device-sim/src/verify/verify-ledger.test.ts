import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { acknowledgedLine, type Ledger, readLedger } from '../load/ledger.ts';
import { verifyLedger } from './verify-ledger.ts';

const at = Date.parse('2026-11-20T04:00:00Z');
const ledger: Ledger = [
  { device: 's1/door-1', session: 'x', runs: [[1, 5]], firstAt: at, lastAt: at + 5_000, in: 5, out: 0 },
];
let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

/** A fake platform that answers what a test plants: the stored seqs, the twin's total, the sum of hours and days. */
async function fakePlatform(
  stored: readonly number[],
  twinIn: number,
  rollupIn: number,
  others: readonly { session: string; in: number }[] = [],
): Promise<string> {
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
            readings: [...stored]
              .map((seq) => ({
                session: 'x',
                seq,
                at: at + seq * 1_000,
                clockReplaced: false,
                data: { in: seq, out: 0 },
              }))
              .concat(
                others.map(({ session, in: entered }) => ({
                  session,
                  seq: 1,
                  at,
                  clockReplaced: false,
                  data: { in: entered, out: 0 },
                })),
              ),
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

it('is content when another program counted people, too, in a session of its own', async () => {
  const outcome = await verify(await fakePlatform([1, 2, 3, 4, 5], 99, 12, [{ session: 'other', in: 7 }]));
  expect(outcome).toMatchObject({ acknowledged: 5, wrongTotals: [], ok: true });
});

it('reads the lines that the running fleet notes, and leaves out one that a kill cut', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'waystation-ledger-')), 'acknowledged.log');
  const reading = { device: 's1/door-1', session: 'x', at, out: 0 };
  const lines = [1, 2, 4].map((seq) => acknowledgedLine({ ...reading, seq, at: at + seq, in: seq }));
  writeFileSync(file, `${lines.join('\n')}\n${lines[0]?.slice(0, 12)}`);
  expect(readLedger(file)).toEqual([
    {
      device: 's1/door-1',
      session: 'x',
      runs: [
        [1, 2],
        [4, 4],
      ],
      firstAt: at + 1,
      lastAt: at + 4,
      in: 4,
      out: 0,
    },
  ]);
});
