import fs from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { maxSetAsideFiles } from './damaged-bytes.ts';
import { frameHeaderBytes, writeFrame } from './frame.ts';
import { append, newestSegment, readJournal, testFolder, writeJournal } from './journal-testbed.ts';
import { listSegments, segmentPath } from './segment-files.ts';
import { openJournalWriter } from './writer.ts';

test('flipped bits are never delivered and cost only the frames they hit', async () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 120, unit: 'grapheme-ascii' }), {
    minLength: 2,
    maxLength: 20,
  });
  const flips = fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(7)), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(texts, flips, fc.boolean(), async (payloads, places, manySegments) => {
      const dir = testFolder();
      await writeJournal(dir, payloads, manySegments ? 100 : 1e6);
      const { offsets } = await readJournal(dir);
      const starts = await listSegments(dir);
      const sizes = starts.map((start) => fs.statSync(segmentPath(dir, start)).size);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const bits = new Set(places.map(([share, bit]) => Math.floor(share * total) * 8 + bit));
      const hit = new Set<number>();
      for (const bit of bits) {
        const offset = bit >> 3;
        const start = starts.filter((candidate) => candidate <= offset).at(-1) ?? 0;
        const file = segmentPath(dir, start);
        const bytes = fs.readFileSync(file);
        bytes[offset - start] = (bytes[offset - start] ?? 0) ^ (1 << (bit & 7));
        fs.writeFileSync(file, bytes);
        hit.add(offsets.findLastIndex((candidate) => candidate <= offset));
      }
      const read = await readJournal(dir);
      expect(read.payloads).toEqual(payloads.filter((_, index) => !hit.has(index)));
      expect(read.offsets).toEqual(offsets.filter((_, index) => !hit.has(index)));
      const lost = [...hit].reduce(
        (sum, index) => sum + frameHeaderBytes + (payloads[index]?.length ?? 0),
        0,
      );
      expect(read.damages.reduce((sum, damage) => sum + damage.bytes, 0)).toBe(lost);
    }),
    { numRuns: 60 },
  );
});

test('frames inside a payload are never taken for records, even when the frame around them is damaged', async () => {
  const dir = testFolder();
  await writeJournal(dir, ['an honest record']);
  const honest = fs.readFileSync(await newestSegment(dir));
  // A device that knows the format, repeats real frames, and guesses every offset with a key of its own.
  const guesses = Buffer.alloc(40_000);
  let at = 0;
  while (at + 100 < guesses.length) {
    at += writeFrame(
      guesses,
      at,
      { low: 0, high: 0 },
      honest.length + frameHeaderBytes + at,
      Buffer.from('forged'),
    );
  }
  const evil = Buffer.concat([...Array.from({ length: 50 }, () => honest), guesses]);
  await writeJournal(dir, [evil, 'the end']);
  expect((await readJournal(dir)).payloads).toEqual(['an honest record', evil.toString('latin1'), 'the end']);
  for (const place of [0, 5, 9, 13, frameHeaderBytes + 3]) {
    const file = segmentPath(dir, honest.length);
    const bytes = fs.readFileSync(file);
    bytes[place] = (bytes[place] ?? 0) ^ 0x10;
    fs.writeFileSync(file, bytes);
    const read = await readJournal(dir);
    expect(read.payloads).toEqual(['an honest record', 'the end']);
    expect(read.damages).toEqual([{ offset: honest.length, bytes: frameHeaderBytes + evil.length }]);
  }
});

test('a missing or shortened segment in the middle is one damaged stretch', async () => {
  const dir = testFolder();
  await writeJournal(dir, ['aa', 'bb', 'cc', 'dd'], 1);
  fs.rmSync(segmentPath(dir, 18));
  fs.truncateSync(segmentPath(dir, 36), 5);
  const read = await readJournal(dir);
  expect(read.payloads).toEqual(['aa', 'dd']);
  expect(read.damages).toEqual([
    { offset: 18, bytes: 18 },
    { offset: 36, bytes: 18 },
  ]);
});

test('damage at the very end of the durable data does not stop what is written later', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir });
  await append(writer, 'aa');
  await append(writer, 'bb');
  const fd = fs.openSync(await newestSegment(dir), 'r+');
  fs.writeSync(fd, Buffer.alloc(18, 0xff), 0, 18, 18);
  fs.closeSync(fd);
  expect(await readJournal(dir)).toMatchObject({ payloads: ['aa'], damages: [{ offset: 18, bytes: 18 }] });
  await append(writer, 'cc');
  await writer.close();
  expect((await readJournal(dir)).payloads).toEqual(['aa', 'cc']);
});

test('damaged bytes are set aside once, under their offset, up to a limit', async () => {
  const dir = testFolder();
  await writeJournal(
    dir,
    Array.from({ length: 300 }, (_, i) => `record ${i}`),
  );
  const file = await newestSegment(dir);
  const bytes = fs.readFileSync(file);
  const { offsets } = await readJournal(dir);
  for (const [index, offset] of offsets.entries()) {
    if (index % 2 === 1) bytes[offset + frameHeaderBytes] = 0;
  }
  fs.writeFileSync(file, bytes);
  for (let round = 0; round < 2; round += 1) {
    const read = await readJournal(dir);
    expect(read.damages).toHaveLength(150);
    expect(read.payloads).toHaveLength(150);
    const kept = fs.readdirSync(`${dir}/damaged`).sort();
    expect(kept).toHaveLength(maxSetAsideFiles);
    expect(kept[0]).toBe(`${String(offsets[1]).padStart(20, '0')}.bin`);
    expect(fs.readFileSync(`${dir}/damaged/${kept[0]}`)).toEqual(bytes.subarray(offsets[1], offsets[2]));
  }
});

test('a large damaged stretch of many windows is passed over to the next record', async () => {
  const dir = testFolder();
  const big = Buffer.alloc(3_500_000, 'x');
  await writeJournal(dir, ['a', big, 'b']);
  const fd = fs.openSync(await newestSegment(dir), 'r+');
  fs.writeSync(fd, Buffer.alloc(4), 0, 4, 17);
  fs.closeSync(fd);
  const read = await readJournal(dir);
  expect(read.payloads).toEqual(['a', 'b']);
  expect(read.damages).toEqual([{ offset: 17, bytes: 16 + big.length }]);
});
