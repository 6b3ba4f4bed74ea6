import { expect, it } from 'vitest';
import { createLog } from './log.ts';

it('writes one JSON line per event, with the fields of its parents, at or above its level', () => {
  const lines: string[] = [];
  const log = createLog({
    service: 'broker',
    level: 'warn',
    write: (line) => lines.push(line),
    clock: { now: () => 0 },
  });
  log.info('not this one');
  log.child({ client: 'a' }).warn('slow', { ms: 3 });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { at: '1970-01-01T00:00:00.000Z', level: 'warn', service: 'broker', message: 'slow', client: 'a', ms: 3 },
  ]);
});

it('writes for people without breaking the line', () => {
  const lines: string[] = [];
  const log = createLog({
    service: 'broker',
    format: 'pretty',
    write: (line) => lines.push(line),
    clock: { now: () => 0 },
  });
  log.info('ready', { host: '127.0.0.1', note: 'two\nlines' });
  expect(lines).toEqual(['00:00:00.000 INFO  ready host=127.0.0.1 note="two\\nlines"']);
});
