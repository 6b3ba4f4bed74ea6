import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CounterReading, counterFlows, counterStep } from './counter-flow.ts';

const plain = { persistentTotal: false };
const persistent = { persistentTotal: true };

describe('the step between two values', () => {
  for (const [name, before, after, rules, flow, reset] of [
    ['a first value counts from 0', undefined, 7, plain, 7, false],
    ['a first value of a persistent total is a baseline', undefined, 7, persistent, 0, false],
    ['growth is the difference', 7, 12, plain, 5, false],
    ['a fall is a reset', 12, 3, plain, 3, true],
    ['a fall of a persistent total is a new baseline', 12, 3, persistent, 0, true],
    ['a fall near a registered maximum is a wrap', 65_530, 4, { ...plain, counterMax: 65_536 }, 10, false],
    [
      'a fall far from the maximum is a reset all the same',
      120,
      4,
      { ...plain, counterMax: 65_536 },
      4,
      true,
    ],
  ] as const) {
    it(name, () => expect(counterStep(before, after, rules)).toEqual({ flow, reset }));
  }
});

it('gives flows that are never negative and do not depend on order or repeats', () => {
  const readings = fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }).map((values) =>
    values.map(
      (value, index): CounterReading => ({
        session: index < 20 ? 'a' : 'b',
        seq: index,
        at: 1_000_000 + index * 60_000,
        value,
      }),
    ),
  );
  fc.assert(
    fc.property(readings, fc.array(fc.integer(), { minLength: 80, maxLength: 80 }), (sent, order) => {
      const rules = { ...plain, reportingIntervalMs: 60_000 };
      const straight = counterFlows(sent, rules);
      const mixed = [...sent, ...sent]
        .map((reading, index) => ({ reading, key: order[index] ?? 0 }))
        .sort((a, b) => a.key - b.key);
      expect(
        counterFlows(
          mixed.map(({ reading }) => reading),
          rules,
        ),
      ).toEqual(straight);
      expect(straight.every(({ flow }) => flow >= 0)).toBe(true);
    }),
  );
});

it('books a difference just before its reading and flags a gap of more than two intervals', () => {
  const at = Date.UTC(2026, 0, 1);
  const flows = counterFlows(
    [
      { session: 'a', seq: 1, at, value: 1 },
      { session: 'a', seq: 2, at: at + 120_000, value: 2 },
      { session: 'a', seq: 3, at: at + 240_001, value: 4 },
    ],
    { ...plain, reportingIntervalMs: 60_000 },
    'baseline',
  );
  expect(flows.map(({ at: bookedAt, flow, gap }) => [bookedAt - at, flow, gap])).toEqual([
    [-1, 0, false],
    [119_999, 1, false],
    [240_000, 2, true],
  ]);
});
