import fs from 'node:fs';
import { errorLine } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import {
  currentBoot,
  type DurableMark,
  encodeMark,
  markBytes,
  markPath,
  readMarkOf,
} from './durable-mark.ts';
import { endOfLastFrame } from './frame.ts';
import type { JournalIdentity } from './generation.ts';
import { syncFolder } from './journal-files.ts';
import { listSegments, segmentPath } from './segment-files.ts';

export interface Recovered {
  /** Where the next frame goes; everything below is durable, and the mark says so. */
  readonly mark: DurableMark;
  /** Bytes of whole frames behind the old mark that were kept. */
  readonly keptBytes: number;
  /** Bytes behind the last whole frame that were cut. */
  readonly cutBytes: number;
  /** Bytes below the mark that the newest segment no longer has: readers will report them as damage. */
  readonly missingBytes: number;
}

/**
 * Finds the end of the journal after a stop of any kind, makes it durable and publishes it. The caller holds the writer's lock.
 * Frames behind the mark are kept when they are whole (the process was killed between fdatasync and mark, or the mark is old
 * after a power cut); they are written again in place before they are synced, because a page whose sync failed counts as clean.
 * Damage that has whole frames behind it is left for the readers.
 */
export async function recover(dir: string, identity: JournalIdentity, log: Log): Promise<Recovered> {
  const old = readMarkOf(dir);
  const starts = await listSegments(dir);
  const newest = starts.at(-1);
  let end = old?.offset ?? 0;
  let keptBytes = 0;
  let cutBytes = 0;
  let missingBytes = 0;
  if (newest !== undefined) {
    const handle = await fs.promises.open(segmentPath(dir, newest), 'r+');
    try {
      const size = (await handle.stat()).size;
      // Segments before the newest were synced before it was made.
      const durable = Math.max(end, newest);
      const from = durable - newest;
      if (from > size) missingBytes = from - size;
      const refused = old?.sealed === true && old.segmentStart === newest;
      if (from < size && !refused) {
        const tail = await readFully(handle, from, size - from);
        keptBytes = endOfLastFrame(tail, identity.key, durable);
        if (keptBytes > 0) {
          await handle.write(tail, 0, keptBytes, from);
          await handle.datasync();
        }
      }
      end = durable + keptBytes;
      cutBytes = Math.max(0, newest + size - end);
      if (cutBytes > 0) await handle.truncate(end - newest);
    } finally {
      await handle.close();
    }
  }
  const mark: DurableMark = {
    generation: identity.generation,
    offset: end,
    segmentStart: newest ?? end,
    sealed: false,
    boot: currentBoot(),
  };
  await writeMark(dir, mark);
  if (keptBytes + cutBytes + missingBytes > 0) {
    log.warn('the journal was not closed: its end was found again', {
      end,
      keptBytes,
      cutBytes,
      missingBytes,
    });
  }
  return { mark, keptBytes, cutBytes, missingBytes };
}

async function readFully(handle: fs.promises.FileHandle, position: number, bytes: number): Promise<Buffer> {
  const all = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(all, filled, bytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return all.subarray(0, filled);
}

/** Writes the mark in place (readers hold the file open) and syncs it. */
async function writeMark(dir: string, mark: DurableMark): Promise<void> {
  const handle = await fs.promises.open(markPath(dir), fs.constants.O_RDWR | fs.constants.O_CREAT, 0o640);
  try {
    await handle.write(encodeMark(mark, Buffer.alloc(markBytes)), 0, markBytes, 0);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await syncFolder(dir);
}

/** Closes a file whose content no longer matters; a failure is only worth a line. */
export function closeQuietly(fd: number, log: Log): void {
  fs.close(fd, (error) => {
    if (error != null) log.warn('a journal file could not be closed', { error: errorLine(error) });
  });
}
