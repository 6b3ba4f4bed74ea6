import fs from 'node:fs';
import type { Clock } from '../runtime/clock.ts';
import { errorLine } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { GroupCommit } from './group-commit.ts';
import { freeDiskBytes, readReaderPositions, readUpTo, segmentFacts, segmentsToDelete } from './retention.ts';
import { segmentPath } from './segment-files.ts';

export interface HousekeepingOptions {
  readonly dir: string;
  readonly commit: GroupCommit;
  readonly clock: Clock;
  readonly log: Log;
  readonly retainBytes: number;
  readonly retainMs: number;
  readonly maxUnreadShare: number;
  readonly maxUnreadBytes: number | undefined;
  readonly expectedReaders: readonly string[];
  readonly everyMs: number;
}

/** Beside the writer: follows the readers, deletes what all have read, and keeps unread data within its share of the disk. */
export class Housekeeping {
  maxUnreadBytes = Number.POSITIVE_INFINITY;
  segments = 0;
  segmentsDeleted = 0;

  private readonly options: HousekeepingOptions;
  private readOffset = 0;
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  /** After the disk was full, read data is not kept for replay in the next round. */
  private roomNeeded = false;

  constructor(options: HousekeepingOptions) {
    this.options = options;
  }

  get unreadBytes(): number {
    return Math.max(0, this.options.commit.durableOffset - this.readOffset);
  }

  get unreadState(): 'ok' | 'half' | 'full' {
    // Full a little before the last byte: a journal that refuses its usual records is full.
    if (this.unreadBytes + this.options.commit.bufferedBytes >= this.maxUnreadBytes * 0.98) return 'full';
    return this.unreadBytes >= this.maxUnreadBytes / 2 ? 'half' : 'ok';
  }

  /** Runs the first round, then one every `everyMs`. Throws what the first round throws. */
  async start(): Promise<void> {
    await this.sweep();
    this.timer = setInterval(() => this.tick(), this.options.everyMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.round;
  }

  /** The disk is full: data that was read goes now, whatever the replay rules say. */
  makeRoom(): void {
    this.roomNeeded = true;
    this.tick();
  }

  private tick(): void {
    this.round ??= this.sweep()
      .catch((thrown: unknown) => {
        this.options.log.warn('housekeeping of the journal failed', { error: errorLine(thrown) });
      })
      .finally(() => {
        this.round = undefined;
      });
  }

  private async sweep(): Promise<void> {
    const { dir, commit, clock, log, expectedReaders, retainBytes, retainMs } = this.options;
    const facts = await segmentFacts(dir);
    const oldest = facts[0]?.start ?? commit.durableOffset;
    const positions = await readReaderPositions(dir);
    this.readOffset = readUpTo(positions, expectedReaders, commit.generation, oldest);
    const gone = segmentsToDelete(
      facts.filter((segment) => segment.start <= commit.newestSegment),
      {
        readUpTo: Math.min(this.readOffset, commit.durableOffset),
        retainBytes: this.roomNeeded ? 0 : retainBytes,
        retainMs,
        now: clock.now(),
      },
    );
    this.roomNeeded = false;
    for (const start of gone) {
      await fs.promises.unlink(segmentPath(dir, start));
      this.segmentsDeleted += 1;
    }
    if (gone.length > 0) log.info('read segments of the journal deleted', { segments: gone.length });
    this.segments = facts.length - gone.length;
    const journalBytes = facts.reduce((sum, segment) => sum + segment.bytes, 0);
    this.maxUnreadBytes =
      this.options.maxUnreadBytes ??
      Math.floor(((await freeDiskBytes(dir)) + journalBytes) * this.options.maxUnreadShare);
    commit.refuseBehindOffset = this.readOffset + this.maxUnreadBytes;
  }
}
