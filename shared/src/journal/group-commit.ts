import type { Clock } from '../runtime/clock.ts';
import { errorCode, errorLine, type WaystationError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type AppendCallback, CommitBatch } from './commit-batch.ts';
import { type DurableMark, encodeMark, markBytes } from './durable-mark.ts';
import { type FrameKey, frameHeaderBytes, maxPayloadBytes } from './frame.ts';
import { type JournalFiles, synced } from './journal-files.ts';
import { closeQuietly } from './recovery.ts';
import { refusals } from './refusals.ts';
import { createSegment } from './segment-files.ts';

export interface GroupCommitOptions {
  readonly dir: string;
  readonly key: FrameKey;
  readonly mark: DurableMark;
  readonly markFd: number;
  readonly segmentBytes: number;
  readonly maxBufferedBytes: number;
  readonly files: JournalFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when a write failed because the disk is full, so that read segments can make room. */
  readonly onDiskFull: () => void;
}

const firstRetryAfterMs = 50;
const maxRetryAfterMs = 5_000;

/**
 * Appends frames with one write and one fdatasync per batch. While a batch is on its way to the disk the next one gathers.
 * After a failed write or fdatasync everything waiting is refused, the segment is left for good, and the next append after a
 * back-off begins a new segment at the last durable offset.
 */
export class GroupCommit {
  readonly counts = {
    appends: 0,
    payloadBytes: 0,
    batches: 0,
    segmentsMade: 0,
    refusedBacklog: 0,
    refusedFull: 0,
    refusedFailed: 0,
    writeFailures: 0,
    markFailures: 0,
    callbackFailures: 0,
    slowestBatchMs: 0,
  };
  /** Appends that would end behind this offset are refused: the unread data would outgrow its share of the disk. */
  refuseBehindOffset = Number.POSITIVE_INFINITY;

  private readonly options: GroupCommitOptions;
  private mark: DurableMark;
  private readonly markScratch = Buffer.alloc(markBytes);
  private segment: { readonly fd: number; readonly start: number } | undefined;
  private gathering = new CommitBatch();
  private flying = new CommitBatch();
  private nextOffset: number;
  private busy = false;
  private scheduled = false;
  private closed = false;
  private batchStartedAt = 0;
  private failure: WaystationError | undefined;
  private retryAfterMs = 0;
  private retryAt = 0;
  private idleWaiters: (() => void)[] = [];

  constructor(options: GroupCommitOptions) {
    this.options = options;
    this.mark = options.mark;
    this.nextOffset = options.mark.offset;
  }

  get durableOffset(): number {
    return this.mark.offset;
  }

  get generation(): string {
    return this.mark.generation;
  }

  get bufferedBytes(): number {
    return this.gathering.length + this.flying.length;
  }

  /** The newest segment that may not be deleted. */
  get newestSegment(): number {
    return this.segment?.start ?? this.mark.segmentStart;
  }

  /** The failure that appends are refused with until the disk takes a batch again. */
  get failing(): WaystationError | undefined {
    return this.failure;
  }

  append(payload: Uint8Array, callback: AppendCallback): void {
    const refusal = this.refusalOf(payload.length);
    if (refusal !== undefined) {
      process.nextTick(callback, refusal);
      return;
    }
    this.gathering.add(this.options.key, this.nextOffset, payload, callback);
    this.nextOffset += frameHeaderBytes + payload.length;
    this.counts.payloadBytes += payload.length;
    if (!this.busy && !this.scheduled) this.schedule();
  }

  /** Why a payload of `size` bytes cannot be taken now; undefined when it can. */
  private refusalOf(size: number): WaystationError | undefined {
    if (this.closed) return refusals.closed;
    if (size === 0 || size > maxPayloadBytes) return refusals.payloadSize;
    if (this.failure !== undefined && (this.busy || this.options.clock.now() < this.retryAt)) {
      this.counts.refusedFailed += 1;
      return this.failure;
    }
    const frameBytes = frameHeaderBytes + size;
    if (this.nextOffset + frameBytes > this.refuseBehindOffset) {
      this.counts.refusedFull += 1;
      return refusals.full;
    }
    if (this.bufferedBytes + frameBytes > this.options.maxBufferedBytes) {
      this.counts.refusedBacklog += 1;
      return refusals.backlog;
    }
    return undefined;
  }

  /** Waits until every accepted append was called back, then closes the segment. New appends are refused. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.busy || this.gathering.length > 0) {
      await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
    }
    if (this.segment !== undefined) closeQuietly(this.segment.fd, this.options.log);
    this.segment = undefined;
  }

  /** One turn of the event loop later, so that everything the sockets brought in this turn shares the batch. */
  private schedule(): void {
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.busy || this.gathering.length === 0) return;
    this.busy = true;
    [this.flying, this.gathering] = [this.gathering, this.flying];
    this.batchStartedAt = performance.now();
    const { segment } = this;
    if (segment !== undefined && this.mark.offset - segment.start < this.options.segmentBytes) {
      this.write(segment, 0);
    } else {
      this.beginSegment().then(
        (begun) => this.write(begun, 0),
        (thrown: unknown) => this.fail(thrown),
      );
    }
  }

  private async beginSegment(): Promise<{ readonly fd: number; readonly start: number }> {
    const { dir, files, log, markFd } = this.options;
    if (this.segment !== undefined) closeQuietly(this.segment.fd, log);
    this.segment = undefined;
    // A synced mark per segment bounds what the next start has to scan after a power cut.
    await synced(files, markFd);
    const start = this.mark.offset;
    const begun = { fd: await createSegment(files, dir, start), start };
    this.segment = begun;
    this.counts.segmentsMade += 1;
    if (this.mark.sealed) {
      // The new segment supersedes what was refused. A seal that outlived a power cut would now cut off acknowledged frames.
      if (!this.publish({ ...this.mark, sealed: false }))
        throw new Error('the durable mark cannot be written');
      await synced(files, markFd);
    }
    return begun;
  }

  private write(segment: { readonly fd: number; readonly start: number }, from: number): void {
    const { bytes, length } = this.flying;
    const position = this.mark.offset - segment.start + from;
    this.options.files.write(segment.fd, bytes, from, length - from, position, (error, written) => {
      if (error !== null) this.fail(error);
      else if (written === 0) this.fail(new Error('the disk took no bytes'));
      else if (from + written < length) this.write(segment, from + written);
      else this.sync(segment);
    });
  }

  private sync(segment: { readonly fd: number; readonly start: number }): void {
    this.options.files.fdatasync(segment.fd, (error) => {
      if (error !== null) this.fail(error);
      else this.durable(segment.start);
    });
  }

  private durable(segmentStart: number): void {
    this.publish({ ...this.mark, offset: this.mark.offset + this.flying.length, segmentStart });
    this.acknowledge();
  }

  private acknowledge(): void {
    const callbacks = this.flying.take();
    this.counts.batches += 1;
    this.counts.appends += callbacks.length;
    this.counts.slowestBatchMs = Math.max(
      this.counts.slowestBatchMs,
      performance.now() - this.batchStartedAt,
    );
    if (this.failure !== undefined) {
      this.options.log.info('the journal takes data again', { offset: this.mark.offset });
      this.failure = undefined;
      this.retryAfterMs = 0;
    }
    this.busy = false;
    if (this.gathering.length > 0) this.schedule();
    this.callBack(callbacks, null);
    this.wakeWhenIdle();
  }

  private fail(thrown: unknown): void {
    const { clock, log } = this.options;
    const failure = refusals.writeFailed(thrown);
    this.counts.writeFailures += 1;
    this.failure = failure;
    this.retryAfterMs = Math.min(maxRetryAfterMs, Math.max(firstRetryAfterMs, this.retryAfterMs * 2));
    this.retryAt = clock.now() + this.retryAfterMs;
    this.publish({ ...this.mark, segmentStart: this.newestSegment, sealed: true });
    const refused = [...this.flying.take(), ...this.gathering.take()];
    this.nextOffset = this.mark.offset;
    this.counts.refusedFailed += refused.length;
    log.error('the journal could not write: appends are refused', {
      error: errorLine(thrown),
      refused: refused.length,
      retryAfterMs: this.retryAfterMs,
    });
    if (errorCode(thrown) === 'ENOSPC') this.options.onDiskFull();
    this.callBack(refused, failure);
    this.abandonSegment().then(
      () => this.settle(),
      (error: unknown) => {
        log.warn('the failed segment could not be cut', { error: errorLine(error) });
        this.settle();
      },
    );
  }

  private settle(): void {
    this.busy = false;
    if (this.gathering.length > 0) this.schedule();
    this.wakeWhenIdle();
  }

  /** Cuts the failed segment at the durable offset and closes it. It is never written or synced again. */
  private async abandonSegment(): Promise<void> {
    const { segment } = this;
    if (segment === undefined) return;
    this.segment = undefined;
    try {
      await this.options.files.truncate(segment.fd, this.mark.offset - segment.start);
    } finally {
      closeQuietly(segment.fd, this.options.log);
    }
  }

  /** A mark that cannot be written delays readers, not durability: the frames are found again at the next start. */
  private publish(mark: DurableMark): boolean {
    this.mark = mark;
    try {
      this.options.files.publish(this.options.markFd, encodeMark(mark, this.markScratch));
      return true;
    } catch (thrown) {
      this.counts.markFailures += 1;
      this.options.log.warn('the durable mark could not be written', { error: errorLine(thrown) });
      return false;
    }
  }

  private callBack(callbacks: readonly AppendCallback[], error: WaystationError | null): void {
    for (const callback of callbacks) {
      try {
        callback(error);
      } catch (thrown) {
        this.counts.callbackFailures += 1;
        this.options.log.error('a callback of the journal threw', { error: errorLine(thrown) });
      }
    }
  }

  private wakeWhenIdle(): void {
    if (this.busy || this.gathering.length > 0) return;
    const waiters = this.idleWaiters;
    this.idleWaiters = [];
    for (const wake of waiters) wake();
  }
}
