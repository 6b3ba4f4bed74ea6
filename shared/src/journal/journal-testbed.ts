import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import { markBytes, readMarkOf } from './durable-mark.ts';
import { diskFiles, type JournalFiles } from './journal-files.ts';
import { type JournalDamage, openJournalReader } from './reader.ts';
import { listSegments, segmentPath } from './segment-files.ts';
import { type JournalWriter, openJournalWriter } from './writer.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) fs.rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the test. */
export function testFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'waystation-journal-'));
  folders.push(folder);
  return folder;
}

/** Appends one record; resolves with null or the error's code. */
export function append(writer: JournalWriter, payload: string | Uint8Array): Promise<string | null> {
  return new Promise((resolve) => {
    writer.append(Buffer.from(payload), (error) => resolve(error?.code ?? null));
  });
}

/** A closed journal that holds these records. */
export async function writeJournal(
  dir: string,
  payloads: readonly (string | Uint8Array)[],
  segmentBytes?: number,
): Promise<void> {
  const writer = await openJournalWriter({ dir, ...(segmentBytes === undefined ? {} : { segmentBytes }) });
  // One segment per batch can be asked for only with one batch per record.
  if (segmentBytes === undefined) await Promise.all(payloads.map((payload) => append(writer, payload)));
  else for (const payload of payloads) await append(writer, payload);
  await writer.close();
}

export interface ReadJournal {
  readonly payloads: string[];
  readonly offsets: number[];
  readonly damages: JournalDamage[];
}

/** Everything from the oldest record to the durable mark; payloads as latin1 text. */
export async function readJournal(dir: string): Promise<ReadJournal> {
  const damages: JournalDamage[] = [];
  const reader = await openJournalReader({
    dir,
    position: 'oldest',
    onDamage: (damage) => damages.push(damage),
  });
  const payloads: string[] = [];
  const offsets: number[] = [];
  for (let batch = await reader.next(); batch !== null; batch = await reader.next()) {
    for (const record of batch.records) {
      payloads.push(record.payload.toString('latin1'));
      offsets.push(record.offset);
    }
  }
  await reader.close();
  return { payloads, offsets, damages };
}

/** Path of the newest segment. */
export async function newestSegment(dir: string): Promise<string> {
  const start = (await listSegments(dir)).at(-1);
  if (start === undefined) throw new Error('the journal has no segment');
  return segmentPath(dir, start);
}

/**
 * What a power cut does at worst: of the newest segment only what was synced is sure; of the bytes behind the mark `keptBytes`
 * reach the disk, and with `hole` the first of them as zeros.
 */
export async function cutPower(dir: string, keptBytes: number, hole: boolean): Promise<void> {
  const starts = await listSegments(dir);
  const start = starts.at(-1);
  const mark = readMarkOf(dir);
  if (start === undefined || mark === undefined) return;
  const file = segmentPath(dir, start);
  const durable = Math.max(0, mark.offset - start);
  const size = fs.statSync(file).size;
  if (size <= durable) return;
  const end = Math.min(size, durable + keptBytes);
  fs.truncateSync(file, end);
  if (!hole) return;
  const fd = fs.openSync(file, 'r+');
  const zeros = Buffer.alloc(Math.min(end - durable, Math.ceil(keptBytes / 3)));
  fs.writeSync(fd, zeros, 0, zeros.length, durable);
  fs.closeSync(fd);
}

export type Fault = 'none' | 'write' | 'short-write' | 'fdatasync' | 'open' | 'everything';

/** The real files, failing as `fault.now` says. Short writes leave half a batch behind, as a full disk does. */
export function faultyFiles(): { readonly files: JournalFiles; readonly fault: { now: Fault } } {
  const fault: { now: Fault } = { now: 'none' };
  const is = (...faults: Fault[]) => faults.includes(fault.now);
  const failed = (code: string) => Object.assign(new Error(`${code}: injected`), { code });
  const files: JournalFiles = {
    open: (file, flags) =>
      is('open', 'everything') ? Promise.reject(failed('EROFS')) : diskFiles.open(file, flags),
    write: (fd, bytes, from, length, position, done) => {
      if (is('write', 'everything')) return setImmediate(done, failed('EROFS'), 0);
      if (!is('short-write')) return diskFiles.write(fd, bytes, from, length, position, done);
      if (from > 0) return setImmediate(done, failed('ENOSPC'), 0);
      return diskFiles.write(fd, bytes, from, Math.ceil(length / 2), position, done);
    },
    fdatasync: (fd, done) =>
      is('fdatasync', 'everything') ? setImmediate(done, failed('EIO')) : diskFiles.fdatasync(fd, done),
    truncate: (fd, bytes) =>
      is('everything') ? Promise.reject(failed('EROFS')) : diskFiles.truncate(fd, bytes),
    publish: (fd, bytes) => {
      if (is('everything')) throw failed('EROFS');
      diskFiles.publish(fd, bytes.subarray(0, markBytes));
    },
  };
  return { files, fault };
}
