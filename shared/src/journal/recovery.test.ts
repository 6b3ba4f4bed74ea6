import fs from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeMark, markBytes, markPath, readMarkOf } from './durable-mark.ts';
import { append, newestSegment, readJournal, testFolder, writeJournal } from './journal-testbed.ts';
import { openJournalReader } from './reader.ts';
import { openJournalWriter } from './writer.ts';

/** Leaves the mark as it was when `offset` bytes were durable: what an earlier boot, or a kill before the publish, left. */
function setMarkBack(dir: string, offset: number, boot?: string): void {
  const mark = readMarkOf(dir);
  if (mark === undefined) throw new Error('no mark');
  const older = encodeMark({ ...mark, offset, boot: boot ?? mark.boot }, Buffer.alloc(markBytes));
  fs.writeFileSync(markPath(dir), older, { flag: 'r+' });
}

test('any prefix of the newest segment opens to a prefix of the records, and takes new ones', async () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme-ascii' }), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(texts, fc.double({ min: 0, max: 1, noNaN: true }), async (payloads, share) => {
      const dir = testFolder();
      await writeJournal(dir, payloads);
      const file = await newestSegment(dir);
      const size = fs.statSync(file).size;
      const { offsets } = await readJournal(dir);
      const cut = Math.floor(size * share);
      fs.truncateSync(file, cut);
      setMarkBack(dir, 0);
      await writeJournal(dir, ['new']);
      const whole = [...offsets.slice(1), size].filter((end) => end <= cut).length;
      const read = await readJournal(dir);
      expect(read).toMatchObject({ payloads: [...payloads.slice(0, whole), 'new'], damages: [] });
    }),
    { numRuns: 40 },
  );
});

test('whole frames behind the mark are kept and published at the next start', async () => {
  const dir = testFolder();
  await writeJournal(dir, ['a', 'b', 'c']);
  const { offsets } = await readJournal(dir);
  setMarkBack(dir, offsets[1] ?? 0);
  expect((await readJournal(dir)).payloads).toEqual(['a']);
  const writer = await openJournalWriter({ dir });
  expect(writer.metrics().keptTailBytes).toBe(34);
  expect((await readJournal(dir)).payloads).toEqual(['a', 'b', 'c']);
  await writer.close();
});

test('a mark that is gone, empty or scribbled on is found again from the newest segment', async () => {
  for (const content of [undefined, '', 'x'.repeat(markBytes)]) {
    const dir = testFolder();
    await writeJournal(dir, ['a', 'b', 'c'], 1);
    if (content === undefined) fs.rmSync(markPath(dir));
    else fs.writeFileSync(markPath(dir), content);
    const reader = await openJournalReader({ dir, position: 'oldest' });
    expect(await reader.next()).toBeNull();
    await writeJournal(dir, ['d']);
    expect((await readJournal(dir)).payloads).toEqual(['a', 'b', 'c', 'd']);
    expect((await reader.next())?.records).toHaveLength(1);
    await reader.close();
  }
});

test('a reader that has read past an old mark of an earlier boot waits for the writer, then goes on', async () => {
  const dir = testFolder();
  await writeJournal(dir, ['a', 'b']);
  const reader = await openJournalReader({ dir, position: 'oldest' });
  const position = (await reader.next())?.position;
  await reader.close();
  if (position === undefined) throw new Error('nothing read');
  setMarkBack(dir, 17, 'ab'.repeat(16));
  const later = await openJournalReader({ dir, position });
  expect(await later.next()).toBeNull();
  await writeJournal(dir, ['c']);
  expect((await later.next())?.records.map((record) => record.payload.toString())).toEqual(['c']);
  await later.close();
});

test('bytes that the newest segment lost below the mark are reported, and their offsets are not used again', async () => {
  const dir = testFolder();
  await writeJournal(dir, ['a', 'b', 'c']);
  const end = readMarkOf(dir)?.offset;
  fs.truncateSync(await newestSegment(dir), 20);
  const writer = await openJournalWriter({ dir });
  expect(writer.position.offset).toBe(end);
  expect(writer.metrics().missingTailBytes).toBe(31);
  await append(writer, 'd');
  await writer.close();
  const read = await readJournal(dir);
  expect(read.payloads).toEqual(['a', 'd']);
  expect(read.damages).toEqual([{ offset: 17, bytes: 34 }]);
});

test('damage behind the mark that has whole frames after it is left to the readers', async () => {
  const dir = testFolder();
  await writeJournal(dir, ['a', 'b', 'c']);
  setMarkBack(dir, 17);
  const fd = fs.openSync(await newestSegment(dir), 'r+');
  fs.writeSync(fd, Buffer.alloc(17), 0, 17, 17);
  fs.closeSync(fd);
  await writeJournal(dir, ['d']);
  const read = await readJournal(dir);
  expect(read.payloads).toEqual(['a', 'c', 'd']);
  expect(read.damages).toEqual([{ offset: 17, bytes: 17 }]);
});
