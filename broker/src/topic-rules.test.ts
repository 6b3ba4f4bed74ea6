import { describe, expect, it } from 'vitest';
import { parsePrincipal } from './principal.ts';
import { hasControlCharacters, mayPublish, maySubscribe } from './topic-rules.ts';

const device = parsePrincipal('s1/door-1')!;
const gateway = parsePrincipal('s1')!;
const replay = parsePrincipal('s1:replay')!;
const dashboard = parsePrincipal('service:dashboard')!;
const other = parsePrincipal('service:other')!;
const all = { device, gateway, replay, dashboard, other };
type Who = keyof typeof all;

describe('publishing', () => {
  it.each<[string, Who[]]>([
    ['ws/1/s1/door-1/telemetry', ['device', 'gateway', 'replay']],
    ['ws/1/s1/door-1/status', ['device', 'gateway']],
    ['ws/1/s1/door-1/result', ['device', 'gateway']],
    ['ws/1/s1/door-1/command', ['dashboard']],
    ['ws/1/s1/staff/action', ['dashboard']],
    ['ws/1/s1/water-1/telemetry', ['gateway', 'replay']],
    ['ws/1/s2/door-1/telemetry', []],
    ['ws/1/s1/staff/telemetry', []],
    ['ws/1/s1/door-1/action', []],
    ['ws/1/s1/door-1/telemetry/x', []],
    ['ws/1/s1//telemetry', []],
    ['ws/2/s1/door-1/telemetry', []],
    ['$SYS/broker/clients', []],
    ['ws/1/s1/door-1\u0000/telemetry', []],
    ['', []],
  ])('%s is for %j', (topic, allowed) => {
    const names = Object.keys(all) as Who[];
    expect(names.filter((name) => mayPublish(all[name], topic))).toEqual(allowed);
  });
});

describe('subscribing', () => {
  it.each<[string, Who[]]>([
    ['ws/1/s1/door-1/command', ['device', 'gateway']],
    ['ws/1/s1/+/command', ['gateway']],
    ['ws/1/+/+/command', []],
    ['ws/1/s1/#', []],
    ['ws/1/s1/door-1/telemetry', []],
    ['ws/1/+/+/result', ['dashboard']],
    ['ws/1/s1/door-1/result', ['dashboard']],
    ['$share/g/ws/1/s1/door-1/command', []],
    ['ab/+e', []],
    ['ws/1/s1/door+/command', []],
    ['$SYS/#', []],
  ])('%s is for %j', (filter, allowed) => {
    const names = Object.keys(all) as Who[];
    expect(names.filter((name) => maySubscribe(all[name], filter))).toEqual(allowed);
  });
});

it.each([
  'a b',
  'service:',
  'x/y/z',
  '/',
  's1/',
  ':replay',
  'S1',
  'service:a/b',
  'a'.repeat(40),
])('%j is no login', (login) => {
  expect(parsePrincipal(login)).toBeUndefined();
});

it('finds control characters', () => {
  expect(hasControlCharacters('a\u0000b')).toBe(true);
  expect(hasControlCharacters('a\u0085b')).toBe(true);
  expect(hasControlCharacters('驿站')).toBe(false);
});
