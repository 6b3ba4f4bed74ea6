import fs from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startNewGeneration } from './generation.ts';
import { append, readJournal, testFolder, writeJournal } from './journal-testbed.ts';
import { type JournalPosition, openJournalReader } from './reader.ts';
import { openJournalWriter } from './writer.ts';

test('a reader that was opened before the journal exists gets everything once it does', async () => {
  const dir = `${testFolder()}/journal`;
  const reader = await openJournalReader({ dir, position: 'oldest' });
  expect(await reader.next()).toBeNull();
  expect(reader.position).toBeNull();
  await writeJournal(dir, ['a', 'b']);
  const batch = await reader.next();
  expect(batch?.records.map((record) => record.payload.toString())).toEqual(['a', 'b']);
  expect(batch?.position).toEqual(reader.position);
  expect(await reader.next()).toBeNull();
  await reader.close();
});

test('reading resumes at any stored record end, with batches of any size, over segments of any size', async () => {
  const texts = fc.array(fc.string({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 30 });
  const sizes = fc.integer({ min: 1, max: 2_000 });
  await fc.assert(
    fc.asyncProperty(
      texts,
      sizes,
      fc.integer({ min: 1, max: 7 }),
      sizes,
      async (payloads, segmentBytes, maxRecords, maxBytes) => {
        const dir = testFolder();
        await writeJournal(dir, payloads, segmentBytes);
        const seen: string[] = [];
        let position: JournalPosition | 'oldest' = 'oldest';
        for (let more = true; more; ) {
          const reader = await openJournalReader({ dir, position });
          const batch = await reader.next({ maxRecords, maxBytes });
          more = batch !== null;
          const first = batch?.records[0];
          if (first !== undefined) {
            // Only the first record was dealt with before the process ended.
            seen.push(first.payload.toString());
            position = { generation: batch?.position.generation ?? '', offset: first.end };
          }
          expect(batch?.records.length ?? 0).toBeLessThanOrEqual(maxRecords);
          await reader.close();
        }
        expect(seen).toEqual(payloads.map((payload) => Buffer.from(payload).toString()));
      },
    ),
    { numRuns: 25 },
  );
});

test('follows a writer that is at work, never past the durable mark', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir, segmentBytes: 200_000 });
  const reader = await openJournalReader({ dir, position: 'oldest' });
  const total = 20_000;
  let written = 0;
  let acknowledged = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < 400 && written < total; i += 1) {
      written += 1;
      writer.append(Buffer.from(`record number ${written}`), () => {
        acknowledged += 1;
      });
    }
  }, 1);
  let read = 0;
  while (read < total) {
    expect(await reader.waitForMore(5_000)).toBe(true);
    for (let batch = await reader.next(); batch !== null; batch = await reader.next()) {
      for (const record of batch.records) {
        read += 1;
        expect(record.payload.toString()).toBe(`record number ${read}`);
        expect(record.end).toBeLessThanOrEqual(writer.position.offset);
      }
    }
  }
  clearInterval(timer);
  await writer.close();
  expect(acknowledged).toBe(total);
  expect(writer.metrics().segmentsMade).toBeGreaterThan(1);
  expect(reader.metrics()).toMatchObject({ records: total, lagBytes: 0, damages: 0 });
  await reader.close();
});

test('waiting ends at its time, at once when aborted, and when data comes', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir });
  const reader = await openJournalReader({ dir, position: 'oldest' });
  expect(await reader.waitForMore(20)).toBe(false);
  const abort = new AbortController();
  const waiting = reader.waitForMore(60_000, abort.signal);
  abort.abort();
  expect(await waiting).toBe(false);
  const data = reader.waitForMore(60_000);
  await append(writer, 'x');
  expect(await data).toBe(true);
  await reader.close();
  await writer.close();
});

test('a position behind the end, of another generation, or below the oldest data is a loud fault', async () => {
  const dir = testFolder();
  await writeJournal(dir, ['a', 'b']);
  const { generation } = await openJournalReader({ dir, position: 'oldest' }).then(async (reader) => {
    const batch = await reader.next();
    await reader.close();
    return batch?.position ?? { generation: '' };
  });
  const open = (position: JournalPosition) => openJournalReader({ dir, position });
  await expect(open({ generation, offset: 35 })).rejects.toMatchObject({ code: 'journal_position_past_end' });
  await expect(open({ generation: '0'.repeat(32), offset: 0 })).rejects.toMatchObject({
    code: 'journal_generation_changed',
  });
  fs.renameSync(`${dir}/${'0'.repeat(20)}.seg`, `${dir}/${'17'.padStart(20, '0')}.seg`);
  await expect(open({ generation, offset: 0 })).rejects.toMatchObject({ code: 'journal_position_lost' });
  fs.rmSync(`${dir}/${'17'.padStart(20, '0')}.seg`);
  await expect(open({ generation, offset: 0 })).rejects.toMatchObject({ code: 'journal_position_lost' });
});

test('a living reader meets a new generation as a loud fault', async () => {
  const dir = testFolder();
  await writeJournal(dir, ['a']);
  const reader = await openJournalReader({ dir, position: 'oldest' });
  await reader.next();
  const generation = await startNewGeneration(dir);
  await expect(reader.next()).rejects.toMatchObject({ code: 'journal_generation_changed' });
  await reader.close();
  await writeJournal(dir, ['b']);
  const later = await openJournalReader({ dir, position: { generation, offset: 17 } });
  expect((await later.next())?.records.map((record) => record.offset)).toEqual([17]);
  await later.close();
  expect((await readJournal(dir)).payloads).toEqual(['a', 'b']);
});
