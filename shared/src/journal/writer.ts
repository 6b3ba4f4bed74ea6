import fs from 'node:fs';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { errorLine, WaystationError } from '../runtime/errors.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import type { AppendCallback } from './commit-batch.ts';
import { markPath } from './durable-mark.ts';
import { ensureIdentity } from './generation.ts';
import { GroupCommit } from './group-commit.ts';
import { Housekeeping } from './housekeeping.ts';
import { diskFiles, type JournalFiles, synced } from './journal-files.ts';
import type { JournalPosition } from './position.ts';
import { type Recovered, recover } from './recovery.ts';
import { lockWriter } from './writer-lock.ts';

export type { AppendCallback } from './commit-batch.ts';
export type { JournalFiles } from './journal-files.ts';
export type { JournalPosition } from './position.ts';

export interface JournalWriterOptions {
  /** The journal's folder; made when absent. */
  readonly dir: string;
  readonly log?: Log;
  readonly clock?: Clock;
  /** A segment that has this many bytes is followed by a new one. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes waiting for the disk, the batch in flight included; beyond it appends are refused. Default 16 MiB. */
  readonly maxBufferedBytes?: number;
  /** Read data kept for replay, bytes. Default 1 GiB. */
  readonly retainBytes?: number;
  /** Read data kept for replay, ms since it was written. Default 7 days. */
  readonly retainMs?: number;
  /** Share of (free disk + this journal) that unread data may fill, 0..1. Default 0.5. */
  readonly maxUnreadShare?: number;
  /** The same as a number of bytes; wins over the share. */
  readonly maxUnreadBytes?: number;
  /** Readers that must have read a segment before it may go, also before they first published a position. */
  readonly expectedReaders?: readonly string[];
  /** How often positions are read and segments deleted, ms. Default 1,000. */
  readonly housekeepingEveryMs?: number;
  /** File calls; replaced in tests to inject faults. */
  readonly files?: JournalFiles;
}

export interface JournalWriterMetrics {
  readonly state: 'ok' | 'failing';
  /** Why appends fail, while they do. */
  readonly failure: string | undefined;
  readonly durableOffset: number;
  readonly bufferedBytes: number;
  readonly unreadBytes: number;
  readonly maxUnreadBytes: number;
  readonly unreadState: 'ok' | 'half' | 'full';
  readonly segments: number;
  readonly segmentsDeleted: number;
  readonly keptTailBytes: number;
  readonly cutTailBytes: number;
  readonly missingTailBytes: number;
  readonly appends: number;
  readonly payloadBytes: number;
  readonly batches: number;
  readonly segmentsMade: number;
  readonly refusedBacklog: number;
  readonly refusedFull: number;
  readonly refusedFailed: number;
  readonly writeFailures: number;
  readonly markFailures: number;
  readonly callbackFailures: number;
  readonly slowestBatchMs: number;
}

/** The one writer of a journal. */
export interface JournalWriter {
  /**
   * Appends one record of 1 B to 4 MiB; the bytes are copied before this returns. `callback` is called exactly once: with null
   * when the record is on disk (fdatasynced) and readers may see it, else with the reason. Accepted appends are called back in
   * arrival order; an append that is refused at once is called back on the next tick, maybe before earlier accepted ones.
   * Codes: `journal_write_failed`, `journal_full`, `journal_backlog_full` (try again later), `journal_payload_size`, `journal_closed`.
   */
  append(payload: Uint8Array, callback: AppendCallback): void;
  /** Refuses new appends, calls back every accepted one, and lets go of the folder. May be called twice. */
  close(): Promise<void>;
  metrics(): JournalWriterMetrics;
  /** The durable end. */
  readonly position: JournalPosition;
}

const mebibyte = 1024 * 1024;

/**
 * Opens the journal in `dir` for writing, after finding its end again if it was not closed.
 * Throws `journal_locked` (another writer), `journal_unavailable` (the disk), `journal_generation_missing` or `_damaged`.
 */
export async function openJournalWriter(options: JournalWriterOptions): Promise<JournalWriter> {
  const { dir } = options;
  const log = options.log ?? silentLog;
  const clock = options.clock ?? systemClock;
  const files = options.files ?? diskFiles;
  const undo: (() => void)[] = [];
  try {
    await fs.promises.mkdir(dir, { recursive: true });
    const unlock = lockWriter(dir);
    undo.push(unlock);
    const identity = await ensureIdentity(dir);
    const recovered = await recover(dir, identity, log);
    const markFd = fs.openSync(markPath(dir), 'r+');
    undo.push(() => fs.closeSync(markFd));
    const commit = new GroupCommit({
      dir,
      key: identity.key,
      mark: recovered.mark,
      markFd,
      segmentBytes: options.segmentBytes ?? 64 * mebibyte,
      maxBufferedBytes: options.maxBufferedBytes ?? 16 * mebibyte,
      files,
      clock,
      log,
      onDiskFull: () => housekeeping.makeRoom(),
    });
    const housekeeping = new Housekeeping({
      dir,
      commit,
      clock,
      log,
      retainBytes: options.retainBytes ?? 1024 * mebibyte,
      retainMs: options.retainMs ?? 7 * 24 * 3_600_000,
      maxUnreadShare: options.maxUnreadShare ?? 0.5,
      maxUnreadBytes: options.maxUnreadBytes,
      expectedReaders: options.expectedReaders ?? [],
      everyMs: options.housekeepingEveryMs ?? 1_000,
    });
    await housekeeping.start();
    let closing: Promise<void> | undefined;
    const close = async () => {
      await commit.close();
      await housekeeping.stop();
      await synced(files, markFd).catch((thrown: unknown) => {
        log.warn('the durable mark could not be synced', { error: errorLine(thrown) });
      });
      fs.closeSync(markFd);
      unlock();
    };
    return {
      append: (payload, callback) => commit.append(payload, callback),
      close: () => {
        closing ??= close();
        return closing;
      },
      metrics: () => writerMetrics(commit, housekeeping, recovered),
      get position() {
        return { generation: commit.generation, offset: commit.durableOffset };
      },
    };
  } catch (thrown) {
    for (const step of undo.reverse()) step();
    if (thrown instanceof WaystationError) throw thrown;
    throw new WaystationError({
      code: 'journal_unavailable',
      message: `The journal in ${dir} cannot be opened: ${errorLine(thrown)}.`,
      fix: 'See that the folder is writable and the disk has space.',
      cause: thrown,
      retryable: true,
    });
  }
}

function writerMetrics(
  commit: GroupCommit,
  housekeeping: Housekeeping,
  recovered: Recovered,
): JournalWriterMetrics {
  return {
    ...commit.counts,
    state: commit.failing === undefined ? 'ok' : 'failing',
    failure: commit.failing?.line,
    durableOffset: commit.durableOffset,
    bufferedBytes: commit.bufferedBytes,
    unreadBytes: housekeeping.unreadBytes,
    maxUnreadBytes: housekeeping.maxUnreadBytes,
    unreadState: housekeeping.unreadState,
    segments: housekeeping.segments,
    segmentsDeleted: housekeeping.segmentsDeleted,
    keptTailBytes: recovered.keptBytes,
    cutTailBytes: recovered.cutBytes,
    missingTailBytes: recovered.missingBytes,
  };
}
