import fs from 'node:fs';
import { expect, test } from 'vitest';
import { append, faultyFiles, readJournal, testFolder } from './journal-testbed.ts';
import { publishReaderPosition, readReaderPositions, readUpTo, segmentsToDelete } from './retention.ts';
import { type JournalWriterOptions, openJournalWriter } from './writer.ts';

const segments = [0, 100, 200, 300].map((start) => ({ start, bytes: 100, writtenAt: start }));
const rule = { readUpTo: 300, retainBytes: 1_000, retainMs: 1_000, now: 0 };

test.each([
  ['nothing while size and age allow it', {}, []],
  ['the oldest read segments beyond the size', { retainBytes: 150 }, [0, 100]],
  ['segments older than the age', { now: 1_150 }, [0, 100]],
  ['no segment that somebody has not read to its end', { retainBytes: 0, readUpTo: 299 }, [0, 100]],
  ['never the newest segment', { retainBytes: 0, readUpTo: 1_000, now: 1e9 }, [0, 100, 200]],
])('deletes %s', (_name, change, expected) => {
  expect(segmentsToDelete(segments, { ...rule, ...change })).toEqual(expected);
});

test('data counts as read only when every known and expected reader of this generation is past it', () => {
  const at = (offset: number, generation = 'g') => ({ generation, offset });
  expect(readUpTo(new Map(), [], 'g', 50)).toBe(50);
  expect(readUpTo(new Map([['state', at(200)]]), [], 'g', 50)).toBe(200);
  expect(
    readUpTo(
      new Map([
        ['state', at(200)],
        ['store', at(120)],
      ]),
      [],
      'g',
      50,
    ),
  ).toBe(120);
  expect(readUpTo(new Map([['state', at(200)]]), ['state', 'store'], 'g', 50)).toBe(50);
  expect(readUpTo(new Map([['state', at(200, 'old')]]), [], 'g', 50)).toBe(50);
});

test('reader positions are published one file each; one that cannot be read holds everything back', async () => {
  const dir = testFolder();
  expect(await readReaderPositions(dir)).toEqual(new Map());
  await publishReaderPosition(dir, 'state', { generation: 'g', offset: 5 });
  await publishReaderPosition(dir, 'state', { generation: 'g', offset: 7 });
  fs.writeFileSync(`${dir}/readers/store.json`, '{"gener');
  expect(await readReaderPositions(dir)).toEqual(
    new Map([
      ['state', { generation: 'g', offset: 7 }],
      ['store', { generation: '', offset: 0 }],
    ]),
  );
  await expect(publishReaderPosition(dir, '../x', { generation: 'g', offset: 5 })).rejects.toMatchObject({
    code: 'journal_reader_name',
  });
});

const quick = { segmentBytes: 1, housekeepingEveryMs: 5 } satisfies Partial<JournalWriterOptions>;

test('a running writer deletes what all readers have read and keeps the rest', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({
    dir,
    ...quick,
    retainBytes: 0,
    expectedReaders: ['state', 'store'],
  });
  for (let i = 0; i < 10; i += 1) await append(writer, `record ${i}`);
  const { generation } = writer.position;
  await publishReaderPosition(dir, 'state', writer.position);
  await publishReaderPosition(dir, 'store', { generation, offset: 24 * 4 });
  await expect.poll(() => writer.metrics().segmentsDeleted).toBe(4);
  expect(writer.metrics().unreadBytes).toBe(24 * 6);
  expect((await readJournal(dir)).payloads[0]).toBe('record 4');
  await publishReaderPosition(dir, 'store', writer.position);
  await expect.poll(() => writer.metrics()).toMatchObject({ segments: 1, unreadBytes: 0 });
  await writer.close();
});

test('unread data may fill its share: a warning at half, refusals when full, and service again when it was read', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({
    dir,
    ...quick,
    maxUnreadBytes: 2_000,
    expectedReaders: ['state'],
  });
  expect(writer.metrics().unreadState).toBe('ok');
  for (let i = 0; i < 10; i += 1) expect(await append(writer, Buffer.alloc(84))).toBeNull();
  expect(writer.metrics().unreadState).toBe('half');
  for (let i = 0; i < 10; i += 1) expect(await append(writer, Buffer.alloc(84))).toBeNull();
  expect(await append(writer, Buffer.alloc(84))).toBe('journal_full');
  expect(writer.metrics()).toMatchObject({ unreadState: 'full', refusedFull: 1, state: 'ok' });
  await publishReaderPosition(dir, 'state', writer.position);
  await expect.poll(() => writer.metrics().unreadState).toBe('ok');
  expect(await append(writer, Buffer.alloc(84))).toBeNull();
  await writer.close();
});

test('a full disk makes read data go before its time', async () => {
  const dir = testFolder();
  const { files, fault } = faultyFiles();
  const writer = await openJournalWriter({ dir, segmentBytes: 1, housekeepingEveryMs: 60_000, files });
  for (let i = 0; i < 5; i += 1) await append(writer, `record ${i}`);
  await publishReaderPosition(dir, 'state', writer.position);
  fault.now = 'short-write';
  expect(await append(writer, 'refused')).toBe('journal_write_failed');
  await expect.poll(() => writer.metrics().segmentsDeleted).toBeGreaterThanOrEqual(4);
  fault.now = 'none';
  await expect.poll(() => append(writer, 'fits')).toBeNull();
  await writer.close();
  expect(fs.readdirSync(dir).filter((name) => name.endsWith('.seg')).length).toBeLessThanOrEqual(2);
});
