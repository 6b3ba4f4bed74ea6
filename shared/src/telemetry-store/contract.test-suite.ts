import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RollupCell } from '../contracts/rollup.ts';
import { type DeviceKind, dataSchemas, type ReadingData } from '../contracts/telemetry.ts';
import type { StoredReading, TelemetryStore } from './port.ts';
import { maxSeriesSpanMs } from './query-limits.ts';

const t0 = Date.parse('2026-11-21T00:00:00Z');
const minuteMs = 60_000;

function door(seq: number, at: number, over: Partial<StoredReading> = {}): StoredReading {
  const data = { in: seq * 2, out: seq };
  return {
    station: 's1',
    device: 'door-1',
    kind: 'door-counter',
    session: 'a',
    seq,
    at,
    clockReplaced: false,
    data,
    ...over,
  };
}

function cell(over: Partial<RollupCell>): RollupCell {
  const base = {
    level: 'day',
    metric: 'entries',
    station: 's1',
    device: 'door-1',
    start: t0,
    sum: 5,
    count: 3,
    min: null,
    max: null,
    last: null,
  } as const;
  return { ...base, coveredMinutes: 60, totalMinutes: 1440, flagged: false, ...over };
}

const all = { station: 's1', device: 'door-1', from: 0, to: t0 * 2, limit: 1_000 };

/** What every telemetry store keeps, run against each of them. */
export function telemetryStoreContract(
  name: string,
  open: () => Promise<{ store: TelemetryStore; end: () => Promise<void> }>,
): void {
  describe(`${name} as telemetry store`, () => {
    let store: TelemetryStore;
    let end: () => Promise<void>;
    beforeEach(async () => {
      ({ store, end } = await open());
    });
    afterEach(() => end());

    it('reads back what was written, in order of time', async () => {
      await store.writeReadings([door(2, t0 + 2), door(1, t0 + 1, { clockReplaced: true })]);
      expect((await store.readRaw(all)).readings).toEqual([
        door(1, t0 + 1, { clockReplaced: true }),
        door(2, t0 + 2),
      ]);
    });

    it('keeps a repeated reading once, and two of one millisecond both', async () => {
      await store.writeReadings([door(1, t0), door(2, t0)]);
      await store.writeReadings([door(1, t0), door(2, t0)]);
      expect((await store.readRaw(all)).readings.map(({ seq }) => seq)).toEqual([1, 2]);
    });

    it('keeps readings of two sessions apart', async () => {
      await store.writeReadings([door(1, t0), door(1, t0 + 1, { session: 'b' })]);
      expect((await store.readRaw(all)).readings.map(({ session }) => session)).toEqual(['a', 'b']);
    });

    it('pages without losing or repeating, in both directions', async () => {
      await store.writeReadings(
        Array.from({ length: 25 }, (_, index) => door(index, t0 + Math.floor(index / 3))),
      );
      for (const descending of [false, true]) {
        const seen: number[] = [];
        let after: string | null = null;
        do {
          const page = await store.readRaw({
            ...all,
            limit: 7,
            descending,
            ...(after === null ? {} : { after }),
          });
          seen.push(...page.readings.map(({ seq }) => seq));
          after = page.next;
        } while (after !== null);
        expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => (descending ? 24 - index : index)));
      }
    });

    it.each([
      ['mean', [3, 8]],
      ['min', [2, 8]],
      ['max', [4, 8]],
      ['sum', [6, 8]],
      ['last', [4, 8]],
      ['count', [2, 1]],
    ] as const)('makes a series of %s per bucket, and leaves gaps out', async (fn, values) => {
      await store.writeReadings([door(1, t0), door(2, t0 + 1), door(4, t0 + 2 * minuteMs)]);
      const points = await store.readSeries({
        ...all,
        from: t0,
        to: t0 + 5 * minuteMs,
        field: 'in',
        everyMs: minuteMs,
        fn,
      });
      expect(points.map(({ at, value }) => [at, value])).toEqual([
        [t0, values[0]],
        [t0 + 2 * minuteMs, values[1]],
      ]);
    });

    it('makes series of booleans and of the counts of a locker', async () => {
      const cells = [
        { id: '1', state: 'free' as const },
        { id: '2', state: 'occupied' as const, charging: true },
      ];
      await store.writeReadings([
        door(1, t0, { data: { in: 0, out: 0, blocked: true } }),
        door(1, t0, { device: 'locker-1', kind: 'charging-locker', data: { cells } }),
      ]);
      const ask = (device: string, field: string) =>
        store.readSeries({ ...all, device, from: t0, to: t0 + 1, field, everyMs: minuteMs, fn: 'max' });
      expect((await ask('door-1', 'blocked'))[0]?.value).toBe(1);
      for (const [field, value] of [
        ['cellsFree', 1],
        ['cellsOccupied', 1],
        ['cellsCharging', 1],
        ['cellsTotal', 2],
      ] as const) {
        expect((await ask('locker-1', field))[0]?.value).toBe(value);
      }
    });

    it('refuses an unknown field, naming the known ones', async () => {
      await store.writeReadings([door(1, t0)]);
      const ask = store.readSeries({
        ...all,
        from: t0,
        to: t0 + 1,
        field: "in') --",
        everyMs: minuteMs,
        fn: 'max',
      });
      await expect(ask).rejects.toMatchObject({
        code: 'field_unknown',
        fix: expect.stringContaining('in, out'),
      });
    });

    it.each([
      [{ everyMs: 0 }, 'query_invalid'],
      [{ everyMs: -minuteMs }, 'query_invalid'],
      [{ everyMs: Number.NaN }, 'query_invalid'],
      [{ everyMs: Number.POSITIVE_INFINITY }, 'query_invalid'],
      [{ from: Number.NaN }, 'query_invalid'],
      [{ to: t0 + maxSeriesSpanMs + 1, everyMs: 2 * maxSeriesSpanMs }, 'span_too_long'],
      [{ to: t0 + 10_001 * minuteMs }, 'too_many_points'],
    ])('refuses a series with %o as %s', async (wrong, code) => {
      await store.writeReadings([door(1, t0)]);
      const query = {
        ...all,
        from: t0,
        to: t0 + minuteMs,
        field: 'in',
        everyMs: minuteMs,
        fn: 'max',
      } as const;
      await expect(store.readSeries({ ...query, ...wrong })).rejects.toMatchObject({ code });
    });

    it('refuses raw readings of a time or number that is none', async () => {
      await expect(store.readRaw({ ...all, limit: Number.NaN })).rejects.toMatchObject({
        code: 'query_invalid',
      });
      await expect(store.readRaw({ ...all, to: Number.POSITIVE_INFINITY })).rejects.toMatchObject({
        code: 'query_invalid',
      });
    });

    it('replaces a cell by a newer one of the same key', async () => {
      await store.writeCells([cell({ sum: 5 })]);
      await store.writeCells([cell({ sum: 7, flagged: true })]);
      const query = { level: 'day', metrics: ['entries'], from: t0, to: t0 + 1 } as const;
      expect(await store.readCells(query)).toEqual([cell({ sum: 7, flagged: true })]);
    });

    it('adds cells up by group, and leaves out stations without one', async () => {
      await store.writeCells([
        cell({}),
        cell({ station: 's2' }),
        cell({ station: 's3' }),
        cell({ station: 's4' }),
        cell({ metric: 'exits', sum: 100 }),
      ]);
      const groups = new Map([
        ['s1', 'u1'],
        ['s2', 'u1'],
        ['s3', 'u2'],
      ]);
      const query = { level: 'day', metrics: ['entries'], from: t0, to: t0 + 1 } as const;
      const sums = (await store.readCellGroups(query, groups)).map(({ group, sum, coveredMinutes }) => [
        group,
        sum,
        coveredMinutes,
      ]);
      expect(sums).toEqual([
        ['u1', 10, 120],
        ['u2', 5, 60],
      ]);
      expect(await store.readCellGroups({ ...query, stations: ['s3'] }, groups)).toHaveLength(1);
    });

    it('deletes old raw readings in steps', async () => {
      await store.writeReadings([door(1, t0), door(2, t0 + 10)]);
      while (await store.deleteRawBefore(t0 + 5));
      expect((await store.readRaw(all)).readings.map(({ seq }) => seq)).toEqual([2]);
    });

    it('reads back equal any reading that passes validation', async () => {
      const kinds = Object.keys(dataSchemas) as DeviceKind[];
      let seq = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...kinds).chain((kind) => fc.tuple(fc.constant(kind), dataArbitraries[kind])),
          async ([kind, raw]) => {
            const parsed = dataSchemas[kind].safeParse(raw);
            if (!parsed.success) return;
            seq += 1;
            const device = `d-${kind}`;
            const reading: StoredReading = {
              station: 's1',
              device,
              kind,
              session: 'p',
              seq,
              at: t0 + seq,
              clockReplaced: false,
              data: parsed.data as ReadingData,
            };
            await store.writeReadings([reading]);
            const page = await store.readRaw({
              station: 's1',
              device,
              from: t0 + seq,
              to: t0 + seq + 1,
              limit: 10,
            });
            expect(page.readings).toEqual([reading]);
          },
        ),
        { numRuns: 200 },
      );
    });

    it('says which engine it is', async () => {
      expect(await store.health()).toMatchObject({ ok: true, engine: expect.stringMatching(/\d/) });
    });
  });
}

const total = fc.nat();
const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.constantFrom('驿站', 'a"b', "it's", 'a,b=c d', '\\n\\', '\u0001'),
);
const level = fc.double({ min: 0, max: 100, noNaN: true }).map((value) => value + 0);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const without = (value: object) =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));

const dataArbitraries: Record<DeviceKind, fc.Arbitrary<object>> = {
  'door-counter': fc.record({ in: total, out: total, blocked: optional(fc.boolean()) }).map(without),
  'water-dispenser': fc
    .record({
      levelMl: optional(level),
      dispensedMl: optional(level),
      hotC: optional(level),
      leak: optional(fc.boolean()),
    })
    .map(without),
  'charging-locker': fc
    .record({
      cells: fc.array(
        fc
          .record({
            id: text,
            state: fc.constantFrom('free', 'occupied', 'fault', 'disabled'),
            charging: optional(fc.boolean()),
            powerW: optional(level),
          })
          .map(without),
        { minLength: 1, maxLength: 12 },
      ),
      tempC: optional(level),
      smoke: optional(fc.boolean()),
    })
    .map(without),
  microwave: fc
    .record({
      state: optional(fc.constantFrom('idle', 'running', 'fault')),
      cycles: optional(total),
      powerW: optional(level),
    })
    .map(without),
  'supply-shelf': fc.record({
    items: fc.array(fc.record({ sku: text, quantity: level }), { minLength: 1, maxLength: 8 }),
  }),
  environment: fc
    .record({ tempC: optional(level), co2Ppm: optional(level), motion: optional(fc.boolean()) })
    .map(without),
  'door-lock': fc.record({ locked: fc.boolean(), open: fc.boolean() }),
  'help-button': fc.record({ presses: total }),
};
