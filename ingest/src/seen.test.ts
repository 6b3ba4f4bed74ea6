import fc from 'fast-check';
import { expect, it } from 'vitest';
import { markSeen, maxRunsPerSession, type Runs, seenNeighbours } from './seen.ts';

it('tells new numbers from repeats in every order, and knows the neighbours', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 200 }), (numbers) => {
      const runs: Runs = [];
      const known = new Set<number>();
      for (const number of numbers) {
        expect(markSeen(runs, number)).toBe(known.has(number) ? 'repeat' : 'new');
        known.add(number);
      }
      const sorted = [...known].sort((a, b) => a - b);
      for (let number = 0; number <= 61; number += 1) {
        expect(seenNeighbours(runs, number)).toEqual({
          below: sorted.findLast((each) => each < number),
          above: sorted.find((each) => each > number),
        });
      }
    }),
  );
});

it('forgets the lowest numbers at its limit, and never takes a new one for a repeat', () => {
  const runs: Runs = [];
  for (let index = 0; index < maxRunsPerSession; index += 1) markSeen(runs, 10 + index * 2);
  expect(markSeen(runs, 10 + maxRunsPerSession * 2)).toBe('forgot');
  expect(runs.length).toBe(maxRunsPerSession * 2);
  expect(markSeen(runs, 11)).toBe('new');
});
