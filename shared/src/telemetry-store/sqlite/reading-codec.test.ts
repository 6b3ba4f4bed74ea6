import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cellStates, type DeviceKind, dataSchemas, type ReadingData } from '../../contracts/telemetry.ts';
import { packedCell, unpackedCell } from './cell-codec.ts';
import { decodeData, encodeData } from './reading-codec.ts';

/** What stands in files that exist: a change here needs a migration. */
const stored: [DeviceKind, ReadingData, string][] = [
  ['door-counter', { in: 120, out: 118 }, '[120,118]'],
  ['water-dispenser', { levelMl: 900, leak: true }, '[900,null,null,null,1]'],
  ['charging-locker', { cells: [{ id: '3', state: 'free' }], smoke: false }, '[1,0,0,1,null,0,["a3"]]'],
  ['microwave', { state: 'running', powerW: 0 }, '[1,null,null,null,0]'],
  ['supply-shelf', { items: [{ sku: 'cups', quantity: 2 }] }, '[["cups",2]]'],
  ['environment', { tempC: -3.5, mainsPower: true }, '[-3.5,null,null,null,null,1]'],
  ['door-lock', { locked: true, open: false }, '[1,0]'],
  ['help-button', { presses: 7 }, '[7]'],
];

it.each(stored)('keeps the stored form of %s', (kind, data, text) => {
  expect(encodeData(kind, data)).toBe(text);
  expect(decodeData(kind, text)).toEqual(data);
});

it('has a place for every field that passes validation', () => {
  for (const [kind, data] of stored) {
    const fields = Object.keys(dataSchemas[kind].shape);
    const numbered = Object.fromEntries(fields.map((field) => [field, 5]));
    const full = { ...numbered, ...data } as ReadingData;
    expect(Object.keys(decodeData(kind, encodeData(kind, full))).sort(), kind).toEqual([...fields].sort());
  }
});

it('packs any locker cell so that it comes back equal', () => {
  const cell = fc.record(
    {
      id: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      state: fc.constantFrom(...cellStates),
      charging: fc.boolean(),
      powerW: fc.double({ min: -100, max: 100_000, noNaN: true }).map((watts) => watts + 0),
    },
    { requiredKeys: ['id', 'state'] },
  );
  fc.assert(
    fc.property(cell, (each) => {
      expect(unpackedCell(JSON.parse(JSON.stringify(packedCell(each))))).toEqual(each);
    }),
  );
});
