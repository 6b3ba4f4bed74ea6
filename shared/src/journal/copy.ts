import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorCode, WaystationError } from '../runtime/errors.ts';
import { encodeMark, markBytes, markPath, readMarkOf } from './durable-mark.ts';
import { identityPath } from './generation.ts';
import { syncFolder } from './journal-files.ts';
import type { JournalPosition } from './position.ts';
import { listSegments, segmentPath } from './segment-files.ts';

/**
 * Copies the journal up to its durable mark at the time of the call, while its writer may run, and returns that mark's position.
 * `toDir` is made and must be empty. Reader positions and set-aside damage are not copied. Throws `journal_copy_not_empty`,
 * `journal_copy_nothing`.
 */
export async function copyJournal(fromDir: string, toDir: string): Promise<JournalPosition> {
  await fs.promises.mkdir(toDir, { recursive: true });
  if ((await fs.promises.readdir(toDir)).length > 0) {
    throw new WaystationError({
      code: 'journal_copy_not_empty',
      message: `The folder ${toDir} is not empty.`,
    });
  }
  const mark = readMarkOf(fromDir);
  if (mark === undefined) {
    throw new WaystationError({
      code: 'journal_copy_nothing',
      message: `There is no journal in ${fromDir} to copy.`,
      fix: 'Start the broker once.',
    });
  }
  await fs.promises.copyFile(identityPath(fromDir), identityPath(toDir));
  const starts = (await listSegments(fromDir)).filter((start) => start < mark.offset);
  // Newest first: retention deletes the oldest, so that a segment that vanishes meanwhile leaves no hole.
  let end = mark.offset;
  for (const start of starts.reverse()) {
    if (!(await copySegment(segmentPath(fromDir, start), segmentPath(toDir, start), end - start))) break;
    end = start;
  }
  const copied = encodeMark({ ...mark, sealed: false }, Buffer.alloc(markBytes));
  await fs.promises.writeFile(markPath(toDir), copied, { flush: true });
  await syncFolder(toDir);
  await syncFolder(path.dirname(toDir));
  return { generation: mark.generation, offset: mark.offset };
}

/** Copies the first `bytes` bytes of a segment; false when it is gone. */
async function copySegment(from: string, to: string, bytes: number): Promise<boolean> {
  try {
    const source = fs.createReadStream(from, { start: 0, end: bytes - 1 });
    await pipeline(source, fs.createWriteStream(to, { flush: true }));
    return true;
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') throw thrown;
    await fs.promises.rm(to, { force: true });
    return false;
  }
}
