import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { copyJournal } from './copy.ts';
import { startNewGeneration } from './generation.ts';
import { append, readJournal, testFolder, writeJournal } from './journal-testbed.ts';
import { publishReaderPosition } from './retention.ts';
import { openJournalWriter } from './writer.ts';

test('a second writer is refused while the first runs, and may begin when it has closed', async () => {
  const dir = testFolder();
  const writer = await openJournalWriter({ dir });
  await expect(openJournalWriter({ dir })).rejects.toMatchObject({
    code: 'journal_locked',
    message: expect.stringContaining(`pid ${process.pid}`),
  });
  await expect(startNewGeneration(dir)).rejects.toMatchObject({ code: 'journal_locked' });
  expect(await append(writer, 'a')).toBeNull();
  await writer.close();
  await (await openJournalWriter({ dir })).close();
});

test('a writer in another process is named, and its lock falls with it however it dies', async () => {
  const dir = testFolder();
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'kill-child.ts'), dir, '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.stdout.resume();
  await expect(openJournalWriter({ dir })).rejects.toMatchObject({
    code: 'journal_locked',
    message: expect.stringContaining(`pid ${child.pid}`),
  });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await openJournalWriter({ dir })).close();
});

test('segments without their generation file are not taken for an empty journal', async () => {
  const dir = testFolder();
  await writeJournal(dir, ['a']);
  fs.renameSync(`${dir}/generation`, `${dir}/kept`);
  await expect(openJournalWriter({ dir })).rejects.toMatchObject({ code: 'journal_generation_missing' });
  fs.writeFileSync(`${dir}/generation`, '{');
  await expect(openJournalWriter({ dir })).rejects.toMatchObject({ code: 'journal_generation_damaged' });
  fs.renameSync(`${dir}/kept`, `${dir}/generation`);
  expect((await readJournal(dir)).payloads).toEqual(['a']);
});

test('a folder that cannot be made is one clear, retryable error', async () => {
  const dir = testFolder();
  fs.writeFileSync(`${dir}/file`, '');
  await expect(openJournalWriter({ dir: `${dir}/file/journal` })).rejects.toMatchObject({
    code: 'journal_unavailable',
    retryable: true,
  });
});

test('a copy taken while the writer runs holds everything acknowledged before, and opens as a journal of its own', async () => {
  const dir = testFolder();
  const copy = `${testFolder()}/copy`;
  const writer = await openJournalWriter({ dir, segmentBytes: 5_000 });
  let acknowledged = 0;
  let running = true;
  const appendNext = () => {
    writer.append(Buffer.from(`record ${writer.metrics().appends}`), () => {
      acknowledged += 1;
      if (running) appendNext();
    });
  };
  appendNext();
  await expect.poll(() => acknowledged).toBeGreaterThan(500);
  const before = acknowledged;
  const position = await copyJournal(dir, copy);
  running = false;
  await expect(copyJournal(dir, copy)).rejects.toMatchObject({ code: 'journal_copy_not_empty' });
  await expect(copyJournal(testFolder(), `${copy}2`)).rejects.toMatchObject({ code: 'journal_copy_nothing' });
  await writer.close();
  const all = await readJournal(dir);
  const copied = await readJournal(copy);
  expect(copied.damages).toEqual([]);
  expect(copied.payloads.length).toBeGreaterThanOrEqual(before);
  expect(copied.payloads).toEqual(all.payloads.slice(0, copied.payloads.length));

  await publishReaderPosition(copy, 'state', position);
  const generation = await startNewGeneration(copy);
  expect(generation).not.toBe(position.generation);
  const restored = await openJournalWriter({ dir: copy });
  expect(restored.position).toEqual({ generation, offset: position.offset });
  expect(fs.existsSync(`${copy}/readers`)).toBe(false);
  await append(restored, 'after the restore');
  await restored.close();
  expect((await readJournal(copy)).payloads).toEqual([...copied.payloads, 'after the restore']);
});
