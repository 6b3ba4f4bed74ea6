import { expect, it } from 'vitest';
import { manualClock } from './clock.ts';
import { createLoginBackoff } from './login-backoff.ts';

it('holds up one login after five failures, longer each time, and forgets after success', () => {
  const clock = manualClock(0);
  const backoff = createLoginBackoff(clock);
  for (let failure = 0; failure < 5; failure += 1) backoff.failed('a', 'u');
  expect(backoff.isBlocked('a', 'u')).toBe(false);
  backoff.failed('a', 'u');
  expect(backoff.isBlocked('a', 'u')).toBe(true);
  expect(backoff.isBlocked('a', 'v')).toBe(false);
  clock.advance(1_001);
  expect(backoff.isBlocked('a', 'u')).toBe(false);
  backoff.failed('a', 'u');
  clock.advance(1_001);
  expect(backoff.isBlocked('a', 'u')).toBe(true);
  clock.advance(1_000);
  backoff.succeeded('a', 'u');
  backoff.failed('a', 'u');
  expect(backoff.isBlocked('a', 'u')).toBe(false);
});

it('holds up an address that tries many logins, but not who logged in from there before', () => {
  const backoff = createLoginBackoff(manualClock(0));
  backoff.succeeded('a', 'good');
  for (let failure = 0; failure < 101; failure += 1) backoff.failed('a', `guess-${failure}`);
  expect(backoff.isBlocked('a', 'new')).toBe(true);
  expect(backoff.isBlocked('a', 'good')).toBe(false);
  expect(backoff.isBlocked('b', 'new')).toBe(false);
});

it('stays bounded under an attack from very many addresses', () => {
  const backoff = createLoginBackoff(manualClock(0));
  for (let attempt = 0; attempt < 50_000; attempt += 1) backoff.failed(`10.0.${attempt}`, 'u');
  expect(backoff.metrics().entries).toBeLessThanOrEqual(40_000);
});
