import fs from 'node:fs';
import path from 'node:path';
import { errorCode } from '../runtime/errors.ts';
import { type JournalFiles, syncFolder } from './journal-files.ts';

const nameDigits = 20;
const namePattern = /^\d{20}\.seg$/;

/** Path of the segment whose first frame has journal offset `start`. */
export function segmentPath(dir: string, start: number): string {
  return path.join(dir, `${String(start).padStart(nameDigits, '0')}.seg`);
}

/**
 * Start offsets of all segments, ascending; empty when the folder does not exist. A segment holds the offsets from its start up to
 * the start of the next one: bytes behind that belong to a write that failed and count for nothing.
 */
export async function listSegments(dir: string): Promise<number[]> {
  try {
    const names = await fs.promises.readdir(dir);
    return names
      .filter((name) => namePattern.test(name))
      .map((name) => Number(name.slice(0, nameDigits)))
      .sort((a, b) => a - b);
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

/** Start of the segment that holds `offset`, and the start of the one behind it (infinity for the newest); undefined below the oldest. */
export function segmentOf(
  starts: readonly number[],
  offset: number,
): { readonly start: number; readonly next: number } | undefined {
  const index = starts.findLastIndex((start) => start <= offset);
  const start = starts[index];
  return start === undefined ? undefined : { start, next: starts[index + 1] ?? Number.POSITIVE_INFINITY };
}

/**
 * A new, empty segment file, ready to write, whose name survives a power cut. A file of the same name can only be the remains of
 * a write that failed before anything in it was durable: it is removed, never reused, since its pages may be lost already.
 */
export async function createSegment(files: JournalFiles, dir: string, start: number): Promise<number> {
  const file = segmentPath(dir, start);
  await fs.promises.rm(file, { force: true });
  const fd = await files.open(file, 'wx');
  try {
    await syncFolder(dir);
    return fd;
  } catch (thrown) {
    fs.closeSync(fd);
    throw thrown;
  }
}
