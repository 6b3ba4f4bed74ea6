import { zoneOf } from '@waystation/shared/runtime/zone';
import { describe, expect, it } from 'vitest';
import { profileOf } from './profile.ts';
import { createWorld } from './world.ts';

const zone = zoneOf('Asia/Shanghai');
const startAt = Date.parse('2026-11-01T16:00:00Z');
const dayMs = 86_400_000;

describe.each([2, 12, 200])('a room with %d visits a day', (visitsPerDay) => {
  const days = visitsPerDay === 2 ? 120 : 30;
  const play = () => {
    const world = createWorld({
      profile: profileOf({ station: 's1', visitsPerDay }),
      seed: 'test',
      zone,
      startAt,
    });
    const events: unknown[] = [];
    world.advance(startAt + days * dayMs, (event, after) => {
      expect(after.inside).toBe(after.entries - after.exits);
      expect(after.inside).toBeGreaterThanOrEqual(0);
      events.push(event);
    });
    return { state: world.state, events };
  };
  const first = play();

  it('has as many people as it should, within what chance allows', () => {
    const expected = visitsPerDay * days;
    // Pairs make the spread some 10 % wider than a Poisson count's; five deviations.
    expect(Math.abs(first.state.entries - expected)).toBeLessThan(
      5 * 1.1 * Math.sqrt(expected) + 0.03 * expected,
    );
  });

  it('plays the same for the same seed', () => {
    expect(play().events).toEqual(first.events);
  });

  it('never draws more water than was brought', () => {
    expect(first.state.levelMl).toBeGreaterThanOrEqual(0);
    expect(first.state.levelMl).toBeLessThanOrEqual(18_900);
  });
});
