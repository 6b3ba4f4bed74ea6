import { createHash } from 'node:crypto';
import { type Device, deviceSchema } from '@waystation/shared/contracts/registry-documents';
import { zoneOf } from '@waystation/shared/runtime/zone';
import { describe, expect, it } from 'vitest';
import { profileOf } from '../world/profile.ts';
import { createWorld } from '../world/world.ts';
import { beginDay, type MadeReading } from './station-run.ts';

const zone = zoneOf('Asia/Shanghai');
const monday = Date.parse('2026-11-01T16:00:00Z');
const dayMs = 86_400_000;
const kinds = ['door-counter', 'water-dispenser', 'charging-locker', 'microwave'] as const;
const devices: Device[] = kinds.map((kind) =>
  deviceSchema.parse({ station: 's1', id: `${kind}-1`, kind, reportingIntervalS: 60 }),
);
const story = { profile: { visitsPerDay: 200 } };

function wholeDay(number: number): MadeReading[] {
  const day = beginDay(devices, story, 'test', zone, monday + number * dayMs);
  return day.until(day.endsAt - 1);
}

function numbersOf(readings: readonly MadeReading[], kind: Device['kind'], field: string): number[] {
  return readings
    .filter(({ device }) => device.kind === kind)
    .map(({ data }) => Number(new Map(Object.entries(data)).get(field)));
}

describe('a day of a station', () => {
  it('lets out after midnight whoever came in before, so that in minus out stays what is inside', () => {
    let doorSays = 0;
    for (let number = 1; number <= 7; number += 1) {
      const readings = wholeDay(number);
      const into = numbersOf(readings, 'door-counter', 'in').at(-1) ?? 0;
      const out = numbersOf(readings, 'door-counter', 'out').at(-1) ?? 0;
      doorSays += into - out;
    }
    const world = createWorld({
      profile: profileOf({ station: 's1', ...story.profile }),
      seed: 'test',
      zone,
      startAt: monday,
    });
    world.advance(monday + dayMs - 1);
    const before = world.state.inside;
    world.advance(monday + 8 * dayMs - 1);
    expect(doorSays).toBe(world.state.inside - before);
  });

  it('starts every counter at 0 in its own session and never lets one fall', () => {
    const readings = wholeDay(3);
    expect(new Set(readings.map(({ session }) => session))).toEqual(new Set(['d20261105']));
    for (const [kind, field, most] of [
      ['door-counter', 'in', 4],
      ['water-dispenser', 'dispensedMl', 2_000],
      ['microwave', 'cycles', 2],
      ['microwave', 'runS', 500],
    ] as const) {
      const values = numbersOf(readings, kind, field);
      expect(values[0], `${kind} ${field}`).toBeLessThanOrEqual(most);
      expect(values, `${kind} ${field}`).toEqual(values.toSorted((a, b) => a - b));
    }
  });

  it('sends the same bytes for the same seed, on every machine', () => {
    const text = JSON.stringify(
      wholeDay(2).map(({ device, session, seq, at, data }) => [device.id, session, seq, at, data]),
    );
    const again = JSON.stringify(
      wholeDay(2).map(({ device, session, seq, at, data }) => [device.id, session, seq, at, data]),
    );
    expect(again).toBe(text);
    expect(createHash('sha256').update(text).digest('hex')).toBe(
      'ea8b90a027168ca9423b774054d0ee6d7243e47f3caae7da78897371f93818e4',
    );
  });

  it('keeps a broken device silent from its day on, and lets it speak before', () => {
    const broken = { ...story, faults: { dead: ['door-counter-1'] } };
    const doorReadings = (deadSince: number) => {
      const day = beginDay(devices, broken, 'test', zone, monday + dayMs, undefined, deadSince);
      return day.until(day.endsAt - 1).filter(({ device }) => device.kind === 'door-counter').length;
    };
    expect(doorReadings(monday)).toBe(0);
    expect(doorReadings(monday + 2 * dayMs)).toBeGreaterThan(1_000);
  });
});
