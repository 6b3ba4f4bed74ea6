import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errorCode, WaystationError } from '../runtime/errors.ts';
import { replaceFile } from './journal-files.ts';
import type { JournalPosition } from './position.ts';
import { listSegments, segmentPath } from './segment-files.ts';

const schema = z.object({ generation: z.string(), offset: z.number().int().nonnegative() });
const readerName = /^[a-z0-9][a-z0-9-]{0,31}$/;

/**
 * Tells the writer how far reader `name` has got, so that it may delete what all have read. Not authoritative: publish it after
 * the reader's own commit; once a second is enough. A reader that is gone for good holds the journal until its file in `readers/` is removed.
 */
export async function publishReaderPosition(
  dir: string,
  name: string,
  position: JournalPosition,
): Promise<void> {
  if (!readerName.test(name)) {
    throw new WaystationError({ code: 'journal_reader_name', message: `"${name}" cannot name a reader.` });
  }
  const folder = path.join(dir, 'readers');
  await fs.promises.mkdir(folder, { recursive: true });
  await replaceFile(path.join(folder, `${name}.json`), `${JSON.stringify(position)}\n`);
}

/** Published positions by reader. A file that cannot be understood counts as a reader at the very beginning. */
export async function readReaderPositions(dir: string): Promise<Map<string, JournalPosition>> {
  const folder = path.join(dir, 'readers');
  const positions = new Map<string, JournalPosition>();
  for (const file of await namesIn(folder)) {
    if (!file.endsWith('.json')) continue;
    positions.set(file.slice(0, -'.json'.length), await readPosition(path.join(folder, file)));
  }
  return positions;
}

async function readPosition(file: string): Promise<JournalPosition> {
  try {
    return schema.parse(JSON.parse(await fs.promises.readFile(file, 'utf8')));
  } catch {
    return { generation: '', offset: 0 };
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await fs.promises.readdir(folder);
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

/**
 * Offset below which every reader has read. Expected readers that never published, and positions of another generation, count as
 * standing at `oldest`; so does a journal that no reader is known of.
 */
export function readUpTo(
  positions: ReadonlyMap<string, JournalPosition>,
  expected: readonly string[],
  generation: string,
  oldest: number,
): number {
  const names = new Set([...positions.keys(), ...expected]);
  let lowest = names.size === 0 ? oldest : Number.POSITIVE_INFINITY;
  for (const name of names) {
    const position = positions.get(name);
    lowest = Math.min(lowest, position?.generation === generation ? position.offset : oldest);
  }
  return Math.max(lowest, oldest);
}

export interface SegmentFacts {
  readonly start: number;
  readonly bytes: number;
  /** When it was last written, epoch ms. */
  readonly writtenAt: number;
}

export interface RetentionRule {
  /** Everything below was read by all. */
  readonly readUpTo: number;
  readonly retainBytes: number;
  readonly retainMs: number;
  readonly now: number;
}

/**
 * Starts of the segments that may go: the oldest ones, read by all, as long as the read data behind them is more than
 * `retainBytes` or they are older than `retainMs`. The newest segment always stays.
 */
export function segmentsToDelete(segments: readonly SegmentFacts[], rule: RetentionRule): number[] {
  const read = segments.filter((_, index) => {
    const next = segments[index + 1];
    return next !== undefined && next.start <= rule.readUpTo;
  });
  let readBytes = read.reduce((sum, segment) => sum + segment.bytes, 0);
  const gone: number[] = [];
  for (const segment of read) {
    if (readBytes <= rule.retainBytes && rule.now - segment.writtenAt <= rule.retainMs) break;
    gone.push(segment.start);
    readBytes -= segment.bytes;
  }
  return gone;
}

/** What lies in the folder, ascending by start. */
export async function segmentFacts(dir: string): Promise<SegmentFacts[]> {
  const facts: SegmentFacts[] = [];
  for (const start of await listSegments(dir)) {
    const { size, mtimeMs } = await fs.promises.stat(segmentPath(dir, start));
    facts.push({ start, bytes: size, writtenAt: mtimeMs });
  }
  return facts;
}

/** Free bytes of the disk that holds `dir`, for a process without privileges. */
export async function freeDiskBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await fs.promises.statfs(dir);
  return bavail * bsize;
}
