import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zoneOf } from './zone.ts';

const hourMs = 3_600_000;
const iso = (at: number) => new Date(at).toISOString();

describe('a day has its real number of hours', () => {
  it.each([
    ['Asia/Shanghai', '2026-11-21T12:00:00Z', 24],
    ['America/Los_Angeles', '2005-04-03T18:00:00Z', 23],
    ['America/Los_Angeles', '2005-10-30T18:00:00Z', 25],
    ['Australia/Lord_Howe', '2026-04-05T03:00:00Z', 24.5],
  ])('%s %s: %d', (name, at, hours) => {
    const zone = zoneOf(name);
    const instant = Date.parse(at);
    expect((zone.nextDayStart(instant) - zone.dayStart(instant)) / hourMs).toBe(hours);
  });
});

it('an hour starts at a local full hour, also where the offset is not whole', () => {
  expect(iso(zoneOf('Asia/Kolkata').hourStart(Date.parse('2026-11-21T12:40:00Z')))).toBe(
    '2026-11-21T12:30:00.000Z',
  );
});

it('midnight in Shanghai is 16:00 UTC of the day before', () => {
  expect(iso(zoneOf('Asia/Shanghai').dayStart(Date.parse('2026-11-21T15:59:59.999Z')))).toBe(
    '2026-11-20T16:00:00.000Z',
  );
});

it('a wall-clock time that was skipped is the first instant after the gap', () => {
  const zone = zoneOf('America/Los_Angeles');
  expect(iso(zone.fromLocal(Date.parse('2005-04-03T02:30:00Z')))).toBe('2005-04-03T10:00:00.000Z');
});

it('a wall-clock time that came twice is the earlier', () => {
  const zone = zoneOf('America/Los_Angeles');
  expect(iso(zone.fromLocal(Date.parse('2005-10-30T01:30:00Z')))).toBe('2005-10-30T08:30:00.000Z');
});

it('every instant lies in its hour and its day, and wall clock times lead back', () => {
  const names = fc.constantFrom('Asia/Shanghai', 'America/Los_Angeles', 'Europe/Berlin', 'Asia/Kathmandu');
  const instants = fc.integer({ min: Date.parse('2004-01-01'), max: Date.parse('2030-01-01') });
  fc.assert(
    fc.property(names, instants, (name, at) => {
      const zone = zoneOf(name);
      const { hour, minute } = zone.parts(zone.hourStart(at));
      expect(minute).toBe(0);
      expect(hour).toBe(zone.parts(at).hour);
      expect(zone.hourStart(at)).toBeLessThanOrEqual(at);
      expect(zone.dayStart(at)).toBeLessThanOrEqual(at);
      expect(zone.nextDayStart(at)).toBeGreaterThan(at);
      expect(zone.dayStart(zone.nextDayStart(at) - 1)).toBe(zone.dayStart(at));
    }),
    { numRuns: 300 },
  );
});
