import { deviceSchema } from '@waystation/shared/contracts/registry-documents';
import type { ReadingData } from '@waystation/shared/contracts/telemetry';
import { zoneOf } from '@waystation/shared/runtime/zone';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeCell } from './cell.ts';
import { dayRollups, hourRollups } from './cell-rollups.ts';
import { createCellShelves } from './cell-shelves.ts';
import type { DecodedReading } from './decode.ts';
import { newDeviceState } from './device-state.ts';
import { takeReading } from './reduce-device.ts';

interface Sent {
  readonly session: string;
  readonly seq: number;
  readonly at: number;
  readonly data: ReadingData;
}

const none = { read: () => undefined, neighbour: () => undefined };

/** The cells and totals after the readings arrived in this order. */
function cellsOf(more: Record<string, unknown>, readings: readonly Sent[], zoneName = 'Asia/Shanghai') {
  const device = newDeviceState(deviceSchema.parse({ station: 's', id: 'd', kind: 'door-counter', ...more }));
  const shelves = createCellShelves(none, () => 0);
  const zone = zoneOf(zoneName);
  for (const { session, seq, at, data } of readings) {
    const reading: DecodedReading = {
      index: 0,
      seq,
      at,
      deviceAt: at,
      clockReplaced: false,
      data,
      droppedFields: 0,
    };
    const message = {
      type: 'telemetry',
      station: 's',
      device: 'd',
      kind: device.registered.kind,
      session,
      late: false,
      replay: false,
      readings: [reading],
      rejections: [],
    } as const;
    takeReading(device, shelves.of('s', 'd'), zone, message, reading, at + 50);
  }
  const cells = [...shelves.dirty(Number.POSITIVE_INFINITY)].sort((a, b) => a.hour - b.hour);
  return { cells, text: cells.map(({ hour, cell }) => `${hour} ${writeCell(cell)}`), totals: device.totals };
}

const start = Date.UTC(2026, 2, 1, 14);

/** Sessions one after the other, each with growing counts, some readings lost, some falls. */
const doorReadings = fc
  .array(
    fc.array(
      fc.record({
        skip: fc.integer({ min: 1, max: 3 }),
        in: fc.integer({ min: -3, max: 20 }),
        out: fc.integer({ min: 0, max: 5 }),
        gapS: fc.integer({ min: 20, max: 900 }),
      }),
      { minLength: 1, maxLength: 25 },
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((sessions) => {
    let at = start;
    return sessions.flatMap((steps, index) => {
      let seq = 0;
      let entered = 0;
      let left = 0;
      return steps.map((step): Sent => {
        seq += step.skip;
        at += step.gapS * 1_000;
        entered = Math.max(0, entered + step.in);
        left += step.out;
        return { session: `session-${index}`, seq, at, data: { in: entered, out: left } };
      });
    });
  });

const disorder = <T>(items: readonly T[], order: readonly number[]): T[] =>
  items
    .map((item, index) => ({ item, key: order[index % order.length] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);

describe('hour cells', () => {
  for (const [name, more] of [
    ['a counter that starts at 0', {}],
    ['a counter that wraps', { counterMax: 200 }],
    ['a counter mounted backwards', { swapDirection: true }],
    ['a counter whose totals carry over', { persistentTotal: true }],
  ] as const) {
    it(`are the same for every order and any repeats of ${name}`, () => {
      fc.assert(
        fc.property(
          doorReadings,
          fc.array(fc.integer(), { minLength: 100, maxLength: 100 }),
          (readings, order) => {
            const straight = cellsOf(more, readings);
            const mixed = cellsOf(more, disorder([...readings, ...readings.slice(0, 10)], order));
            expect(mixed.text).toEqual(straight.text);
            expect(mixed.totals).toEqual(straight.totals);
          },
        ),
        { numRuns: 300 },
      );
    });
  }

  it('are the same for every order of optional amounts', () => {
    const readings = fc
      .array(
        fc.record({
          level: fc.option(fc.double({ min: 0, max: 18_900, noNaN: true })),
          dispensed: fc.option(fc.double({ min: 0, max: 500, noNaN: true })),
        }),
        { minLength: 2, maxLength: 40 },
      )
      .map((steps) => {
        let total = 0;
        return steps.map(({ level, dispensed }, index): Sent => {
          total += dispensed ?? 0;
          const data = {
            hotC: 90,
            ...(level === null ? {} : { levelMl: level }),
            ...(dispensed === null ? {} : { dispensedMl: total }),
          };
          return { session: 'a', seq: index, at: start + index * 240_000, data };
        });
      });
    fc.assert(
      fc.property(readings, fc.array(fc.integer(), { minLength: 40, maxLength: 40 }), (sent, order) => {
        const more = { kind: 'water-dispenser' };
        const straight = cellsOf(more, sent);
        const mixed = cellsOf(more, disorder(sent, order));
        expect(mixed.text).toEqual(straight.text);
        expect(mixed.totals).toEqual(straight.totals);
      }),
    );
  });

  it('are the same for every order of a microwave behind a plug, and count its runs', () => {
    const watts = [3, 900, 900, 3, 3, 800, 3];
    const sent = watts.map(
      (powerW, index): Sent => ({
        session: 'a',
        seq: index,
        at: start + (index + 1) * 60_000,
        data: { powerW },
      }),
    );
    const straight = cellsOf({ kind: 'microwave' }, sent);
    expect(cellsOf({ kind: 'microwave' }, [...sent].reverse()).text).toEqual(straight.text);
    expect(straight.totals).toEqual([2, 180_000]);
  });

  it('add up to the same day', () => {
    fc.assert(
      fc.property(doorReadings, (readings) => {
        const { cells, totals } = cellsOf({}, readings);
        const sum = (rollups: { metric: string; sum: number }[], metric: string) =>
          rollups.filter((each) => each.metric === metric).reduce((all, each) => all + each.sum, 0);
        const hours = cells.flatMap(({ hour, cell }) => hourRollups('s', 'd', hour, cell));
        const days = [...Map.groupBy(cells, ({ cell }) => cell.day[0]).values()].flatMap((day) =>
          dayRollups(
            's',
            'd',
            day.map(({ hour, cell }) => ({ hour, body: cell })),
          ),
        );
        expect(sum(days, 'entries')).toBe(sum(hours, 'entries'));
        expect(sum(hours, 'entries')).toBe(totals[0]);
        expect(sum(hours, 'exits')).toBe(totals[1]);
        expect(hours.every((hour) => hour.sum >= 0 && hour.coveredMinutes <= 60)).toBe(true);
      }),
    );
  });
});

describe('the hour of a flow', () => {
  const steady = (from: number, count: number, everyMs: number, first = 0): Sent[] =>
    Array.from({ length: count }, (_, index) => ({
      session: 'a',
      seq: first + index,
      at: from + index * everyMs,
      data: { in: (first + index) * 2, out: first + index },
    }));

  it('belongs to yesterday when it is reported at midnight', () => {
    const midnight = Date.UTC(2026, 2, 1, 16);
    const { cells } = cellsOf({ reportingIntervalS: 1_800 }, [
      { session: 'a', seq: 0, at: midnight - 1_800_000, data: { in: 10, out: 0 } },
      { session: 'a', seq: 1, at: midnight, data: { in: 14, out: 0 } },
      { session: 'a', seq: 2, at: midnight + 1_800_000, data: { in: 15, out: 0 } },
    ]);
    const entries = cells
      .map(({ hour, cell }) => hourRollups('s', 'd', hour, cell)[0])
      .map((each) => [each?.start, each?.sum]);
    // A report at 23:30 stands for 23:00 to 23:30: both belong to the hour that ends at midnight.
    expect(entries.at(-1)).toEqual([midnight, 1]);
    expect(entries.at(-2)).toEqual([midnight - 3_600_000, 14]);
  });

  it('leaves no minute uncovered by readings in time, and leaves out those of an outage', () => {
    const hour = Date.UTC(2026, 2, 1, 15);
    const jitter = steady(hour, 62, 60_000).map((reading, index) => ({
      ...reading,
      at: reading.at + ((index * 7_919) % 9_000),
    }));
    const covered = (readings: Sent[]) =>
      cellsOf({}, readings)
        .cells.filter((each) => each.hour === hour)
        .map(({ cell }) => hourRollups('s', 'd', hour, cell)[0]?.coveredMinutes)[0];
    expect(covered(jitter)).toBe(60);
    expect(covered(jitter.filter((_, index) => index < 20 || index >= 40))).toBeLessThanOrEqual(41);
  });

  for (const [name, dayStart, minutes] of [
    ['23 hours in spring', Date.UTC(2026, 2, 28, 23), 1_380],
    ['25 hours in autumn', Date.UTC(2026, 9, 24, 22), 1_500],
  ] as const) {
    it(`sums a day of ${name}`, () => {
      const readings = steady(dayStart + 60_000, minutes, 60_000);
      const { cells } = cellsOf({}, readings, 'Europe/Berlin');
      const day = dayRollups(
        's',
        'd',
        cells.filter(({ cell }) => cell.day[0] === dayStart).map(({ hour, cell }) => ({ hour, body: cell })),
      );
      expect(day[0]).toMatchObject({
        start: dayStart,
        totalMinutes: minutes,
        coveredMinutes: minutes,
        count: minutes,
        sum: 2 * (minutes - 1),
        flagged: false,
      });
    });
  }

  it('flags a reset and a gap, and no wrap', () => {
    const flagged = (values: readonly number[], everyMs: number, more = {}) =>
      cellsOf(
        more,
        values.map((value, index) => ({
          session: 'a',
          seq: index,
          at: start + 600_000 + index * everyMs,
          data: { in: value, out: 0 },
        })),
      )
        .cells.flatMap(({ hour, cell }) => hourRollups('s', 'd', hour, cell))
        .filter(({ metric }) => metric === 'entries')
        .map(({ sum, flagged: isFlagged }) => [sum, isFlagged])[0];
    expect(flagged([5, 8, 2], 60_000)).toEqual([10, true]);
    expect(flagged([65_530, 3], 60_000, { counterMax: 65_536, persistentTotal: true })).toEqual([9, false]);
    expect(flagged([5, 8], 180_000)).toEqual([8, true]);
    expect(flagged([5, 8], 60_000)).toEqual([8, false]);
  });
});
