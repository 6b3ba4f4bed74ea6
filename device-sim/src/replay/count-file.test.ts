import { zoneOf } from '@waystation/shared/runtime/zone';
import { expect, it } from 'vitest';
import { parseCountFile } from './count-file.ts';
import { countReadings } from './replay-counts.ts';

const zone = zoneOf('America/Los_Angeles');
const parse = (...lines: string[]) =>
  parseCountFile(['timestamp,in_count,out_count,is_anomaly', ...lines].join('\n'), zone);

it("counts up from the first row, numbers intervals since 1970 and books each count at its interval's end", () => {
  const start = Date.parse('2005-07-24T07:00:00Z');
  const file = parse('2005-07-24 00:00:00,3,1,0', '2005-07-24 00:30:00,2,0,0');
  expect(countReadings(file)).toEqual([
    { seq: start / 1_800_000, at: start + 1_800_000, data: { in: 3, out: 1 } },
    { seq: start / 1_800_000 + 1, at: start + 3_600_000, data: { in: 5, out: 1 } },
  ]);
});

it('takes a row that stands there twice once, and refuses unequal counts of one stamp', () => {
  const rows = ['2005-07-24 00:00:00,3,1,0', '2005-07-24 00:30:00,2,0,0'];
  expect(parse(...rows, rows[0]!).rows).toHaveLength(2);
  expect(() => parse(...rows, '2005-07-24 00:00:00,4,1,0')).toThrow(/Line 4: .*twice with unequal counts/);
});

it.each([
  ['2005-04-03 02:30:00,1,0,0', /does not exist in America\/Los_Angeles/],
  ['yesterday,1,0,0', /no time/],
  ['2005-07-24 00:00:00,-1,0,0', /in_count/],
  ['2005-07-24 00:00:00,1,many,0', /out_count/],
])('refuses %s and names the line', (line, why) => {
  expect(() => parse(line)).toThrow(why);
  expect(() => parse(line)).toThrow(/^Line 2/);
});
