import { expect, it } from 'vitest';
import { occupancyCurve, passDoor, settle, unknownOccupancy } from './occupancy.ts';

const minute = 60_000;

it('counts people in and out and keeps the raw difference beside it', () => {
  let now = passDoor(unknownOccupancy, 0, 5, 0);
  now = passDoor(now, minute, 0, 7);
  expect(now).toMatchObject({ raw: -2, people: 0, certainAt: minute });
  expect(passDoor(now, 2 * minute, 3, 1)).toMatchObject({ raw: 0, people: 2 });
});

it('takes the room to be empty after an hour in which nobody passed', () => {
  const now = passDoor(unknownOccupancy, 0, 3, 0);
  expect(settle(now, 59 * minute).people).toBe(3);
  expect(settle(now, 60 * minute)).toMatchObject({ people: 0, raw: 3, certainAt: 60 * minute });
  expect(passDoor(now, 90 * minute, 0, 0)).toMatchObject({ people: 0, certainAt: 60 * minute });
});

it('draws a curve over passages', () => {
  expect(
    occupancyCurve([
      { at: 1, entered: 2, left: 0 },
      { at: 2, entered: 0, left: 1 },
    ]),
  ).toEqual([
    { at: 1, people: 2 },
    { at: 2, people: 1 },
  ]);
});
