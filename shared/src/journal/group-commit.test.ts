import { expect, test } from 'vitest';
import { manualClock } from '../runtime/clock.ts';
import { append, type Fault, faultyFiles, readJournal, testFolder, writeJournal } from './journal-testbed.ts';
import { openJournalReader } from './reader.ts';
import { openJournalWriter } from './writer.ts';

test('calls back in arrival order, after the mark shows the record to readers', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir });
  const order: number[] = [];
  const ends: number[] = [];
  for (let i = 0; i < 3_000; i += 1) {
    writer.append(Buffer.from(`record ${i}`), (error) => {
      expect(error).toBeNull();
      order.push(i);
      ends.push(writer.position.offset);
    });
    if (i % 500 === 499) await new Promise((resolve) => setImmediate(resolve));
  }
  await writer.close();
  expect(order).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
  const read = await readJournal(dir);
  expect(read.payloads).toEqual(order.map((i) => `record ${i}`));
  for (const [i, end] of ends.entries()) expect(end).toBeGreaterThan(read.offsets[i] ?? Infinity);
});

test('copies the payload at once, so that the caller may reuse its buffer', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir });
  const shared = Buffer.from('first');
  const one = new Promise((resolve) => writer.append(shared, resolve));
  shared.write('later');
  await one;
  await writer.close();
  expect((await readJournal(dir)).payloads).toEqual(['first']);
});

test('close calls back every accepted append, refuses later ones, and may be called twice', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir });
  const accepted = Promise.all(Array.from({ length: 100 }, (_, i) => append(writer, `r${i}`)));
  const closing = writer.close();
  const refused = append(writer, 'late');
  await Promise.all([closing, writer.close()]);
  expect(new Set(await accepted)).toEqual(new Set([null]));
  expect(await refused).toBe('journal_closed');
  expect((await readJournal(dir)).payloads).toHaveLength(100);
});

test('takes records from 1 byte to 4 MiB and refuses others', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir });
  expect(await append(writer, '')).toBe('journal_payload_size');
  expect(await append(writer, Buffer.alloc(4 * 1024 * 1024 + 1))).toBe('journal_payload_size');
  expect(await append(writer, 'x')).toBeNull();
  expect(await append(writer, Buffer.alloc(4 * 1024 * 1024, 'y'))).toBeNull();
  expect(await append(writer, 'z')).toBeNull();
  await writer.close();
  expect((await readJournal(dir)).payloads.map((payload) => payload.length)).toEqual([1, 4 * 1024 * 1024, 1]);
});

test('refuses appends when the disk does not keep up, and takes them again later', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir, maxBufferedBytes: 10_000 });
  const results = await Promise.all(Array.from({ length: 20 }, () => append(writer, Buffer.alloc(984))));
  expect(results.filter((code) => code === null)).toHaveLength(10);
  expect(results.filter((code) => code === 'journal_backlog_full')).toHaveLength(10);
  expect(writer.metrics().refusedBacklog).toBe(10);
  expect(await append(writer, 'again')).toBeNull();
  await writer.close();
});

test('a callback that throws harms no other append', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir });
  writer.append(Buffer.from('a'), () => {
    throw new Error('a bug of the caller');
  });
  expect(await append(writer, 'b')).toBeNull();
  expect(writer.metrics().callbackFailures).toBe(1);
  await writer.close();
});

const faults: Fault[] = ['write', 'short-write', 'fdatasync', 'open', 'everything'];
for (const firstBatch of [true, false]) {
  for (const kind of faults) {
    const when = firstBatch ? 'from the very first batch' : 'in the middle';
    test(`a disk that fails (${kind}) ${when} refuses, never delivers what was refused, and resumes by itself`, async () => {
      const dir = testFolder();
      const clock = manualClock(1_000_000);
      const { files, fault } = faultyFiles();
      // Each batch its own segment in the case of `open`, so that the fault is met.
      const writer = await openJournalWriter({ dir, files, clock, segmentBytes: kind === 'open' ? 1 : 1e6 });
      const reader = await openJournalReader({ dir, position: 'oldest' });
      const accepted: string[] = [];
      if (!firstBatch) {
        expect(await append(writer, 'before')).toBeNull();
        accepted.push('before');
      }
      fault.now = kind;
      for (let round = 0; round < 3; round += 1) {
        const codes = await Promise.all(
          [0, 1, 2].map((i) => append(writer, `refused ${round} ${i}`.repeat(50))),
        );
        expect(new Set(codes)).toEqual(new Set(['journal_write_failed']));
        expect(writer.metrics().state).toBe('failing');
        expect(await append(writer, 'at once')).toBe('journal_write_failed');
        clock.advance(10_000);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      fault.now = 'none';
      await expect.poll(() => append(writer, 'after')).toBeNull();
      accepted.push('after');
      expect(writer.metrics()).toMatchObject({ state: 'ok', failure: undefined });
      const live: string[] = [];
      for (let batch = await reader.next(); batch !== null; batch = await reader.next()) {
        live.push(...batch.records.map((record) => record.payload.toString()));
      }
      expect(live).toEqual(accepted);
      await reader.close();
      await writer.close();
      await writeJournal(dir, ['reopened']);
      const read = await readJournal(dir);
      expect(read).toMatchObject({ payloads: [...accepted, 'reopened'], damages: [] });
    });
  }
}

test('a process that ends while its disk fails leaves nothing of the refused records for the next start', async () => {
  for (const kind of ['short-write', 'fdatasync'] as const) {
    const dir = testFolder();
    const { files, fault } = faultyFiles();
    // The cut fails too: only the seal in the mark tells.
    const writer = await openJournalWriter({
      dir,
      files: { ...files, truncate: () => Promise.reject(new Error('EIO')) },
    });
    expect(await append(writer, 'kept')).toBeNull();
    fault.now = kind;
    const codes = await Promise.all(['a', 'b', 'c', 'd'].map((text) => append(writer, text)));
    expect(new Set(codes)).toEqual(new Set(['journal_write_failed']));
    await writer.close();
    await writeJournal(dir, ['next']);
    expect(await readJournal(dir)).toMatchObject({ payloads: ['kept', 'next'], damages: [] });
  }
});
