import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { errorLine } from '../runtime/errors.ts';
import { type Log, silentLog } from '../runtime/log.ts';
import { maxSetAsideBytes, setAsideDamage } from './damaged-bytes.ts';
import { currentBoot, type DurableMark, markBytes, openMark, readMark } from './durable-mark.ts';
import { FrameWindow, type Stretch } from './frame-window.ts';
import { readIdentity } from './generation.ts';
import type { JournalPosition } from './position.ts';
import { positionFaults } from './position-faults.ts';
import { SegmentSource } from './segment-source.ts';

export type { JournalPosition } from './position.ts';

/** A stretch of the journal that could not be read; whatever was in it is lost. */
export interface JournalDamage {
  readonly offset: number;
  readonly bytes: number;
}

export interface JournalReaderOptions {
  readonly dir: string;
  /** Where to begin: behind the last record that was dealt with, or at the oldest one kept. */
  readonly position: JournalPosition | 'oldest';
  /** Called once for each damaged stretch that is passed over (again when the reader is opened before it again). */
  readonly onDamage?: (damage: JournalDamage) => void;
  readonly log?: Log;
}

export interface JournalRecordAt {
  readonly offset: number;
  /** Offset behind this record: the position to store once it is dealt with. */
  readonly end: number;
  readonly payload: Buffer;
}

export interface JournalBatch {
  /** In order; may be empty when only damage was passed over. Payloads share memory: copy what is kept for long. */
  readonly records: readonly JournalRecordAt[];
  /** Behind the batch. */
  readonly position: JournalPosition;
}

export interface JournalReaderMetrics {
  readonly records: number;
  readonly bytes: number;
  readonly damages: number;
  readonly damagedBytes: number;
  /** Durable bytes that are not read yet. */
  readonly lagBytes: number;
}

export interface BatchLimits {
  /** Default 1,000. */
  readonly maxRecords?: number;
  /** Payload bytes after which a batch ends, default 1 MiB; one record may exceed it. */
  readonly maxBytes?: number;
}

/** Polls of the mark: quick while data flows, slower when nothing has come for a while. */
const busyPollMs = 2;
const idlePollMs = 10;
const idleAfterMs = 1_000;

/** Follows a journal from one position on, in the writer's process or another one; never passes the durable mark. */
export class JournalReader {
  private readonly options: JournalReaderOptions;
  private readonly log: Log;
  private readonly source: SegmentSource;
  private readonly scratch = Buffer.alloc(markBytes);
  private markFd: number | undefined;
  private mark: DurableMark | undefined;
  private window: FrameWindow | undefined;
  private current: JournalPosition | undefined;
  private lastDataAt = performance.now();
  private readonly counts = { records: 0, bytes: 0, damages: 0, damagedBytes: 0 };

  constructor(options: JournalReaderOptions) {
    this.options = options;
    this.log = options.log ?? silentLog;
    this.source = new SegmentSource(options.dir);
    if (options.position !== 'oldest') this.current = options.position;
  }

  /** Where the next batch begins; null as long as `oldest` is not known because there is no journal. */
  get position(): JournalPosition | null {
    return this.current ?? null;
  }

  metrics(): JournalReaderMetrics {
    const lagBytes = Math.max(0, (this.mark?.offset ?? 0) - (this.current?.offset ?? 0));
    return { ...this.counts, lagBytes };
  }

  /**
   * The next records, or null when there is nothing new. One call at a time.
   * Throws `journal_position_past_end`, `journal_generation_changed`, `journal_position_lost`; none of them heals by itself.
   */
  async next(limits: BatchLimits = {}): Promise<JournalBatch | null> {
    const ready = await this.ready();
    if (ready === undefined) return null;
    const { mark, window, position } = ready;
    const maxRecords = limits.maxRecords ?? 1_000;
    const maxBytes = limits.maxBytes ?? windowBytesPerBatch;
    const records: JournalRecordAt[] = [];
    let offset = position.offset;
    let bytes = 0;
    while (offset < mark.offset && records.length < maxRecords && bytes < maxBytes) {
      const stretch = await this.stretchAt(offset, mark);
      // Frames of one window make a batch: everything that needs the disk happens while the batch is empty.
      while (offset < stretch.limit && records.length < maxRecords && bytes < maxBytes) {
        const found = window.at(offset, stretch.limit);
        if (found.is === 'frame') {
          records.push({ offset, end: found.end, payload: found.payload });
          bytes += found.payload.length;
          offset = found.end;
        } else if (records.length > 0) {
          return this.batch(records, bytes, offset);
        } else if (found.is === 'unloaded') {
          if (!(await window.load(this.source, stretch, offset, found.bytes))) return this.lost(offset);
        } else {
          const end = await window.endOfDamage(this.source, stretch, offset);
          if (end === undefined) return this.lost(offset);
          await this.reportDamage(stretch, offset, end);
          offset = end;
        }
      }
    }
    return offset === position.offset ? null : this.batch(records, bytes, offset);
  }

  /** Waits until `next` has something, for `timeoutMs` at most. False when the time is over or `signal` aborted. */
  async waitForMore(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (signal?.aborted === true) return false;
      if ((await this.ready()) !== undefined) return true;
      const now = performance.now();
      if (now >= deadline) return false;
      const pollMs = now - this.lastDataAt < idleAfterMs ? busyPollMs : idlePollMs;
      try {
        await delay(Math.min(pollMs, deadline - now), undefined, signal === undefined ? {} : { signal });
      } catch {
        return false;
      }
    }
  }

  async close(): Promise<void> {
    if (this.markFd !== undefined) fs.closeSync(this.markFd);
    this.markFd = undefined;
    await this.source.close();
  }

  /** Throws when the position is already known to be a fault. */
  async check(): Promise<void> {
    const ready = await this.ready();
    if (ready !== undefined) await this.stretchAt(ready.position.offset, ready.mark);
  }

  /** What reading needs, or undefined when there is nothing to read. */
  private async ready(): Promise<
    | { readonly mark: DurableMark; readonly window: FrameWindow; readonly position: JournalPosition }
    | undefined
  > {
    let { mark } = this;
    if (mark === undefined || this.current === undefined || this.current.offset >= mark.offset) {
      mark = this.readMark();
      if (mark === undefined) return undefined;
      this.mark = mark;
    }
    if (this.window === undefined) {
      const identity = await readIdentity(this.options.dir);
      if (identity === undefined) return undefined;
      this.window = new FrameWindow(identity.key);
    }
    this.current ??= {
      generation: mark.generation,
      offset: Math.min((await this.source.oldest()) ?? mark.offset, mark.offset),
    };
    const position = this.current;
    if (position.generation !== mark.generation) throw positionFaults.generation(position, mark.generation);
    if (position.offset > mark.offset) {
      // A mark of an earlier boot may be old: wait until a writer has found the end.
      if (mark.boot !== currentBoot()) return undefined;
      throw positionFaults.pastEnd(position, mark.offset);
    }
    return position.offset === mark.offset ? undefined : { mark, window: this.window, position };
  }

  private readMark(): DurableMark | undefined {
    this.markFd ??= openMark(this.options.dir);
    return this.markFd === undefined ? undefined : readMark(this.markFd, this.scratch);
  }

  private async stretchAt(offset: number, mark: DurableMark): Promise<Stretch> {
    const segment = await this.source.locate(offset, mark.segmentStart);
    if (segment === undefined) return this.lost(offset);
    return { start: segment.start, limit: Math.min(segment.next, mark.offset) };
  }

  private async lost(offset: number): Promise<never> {
    throw positionFaults.lost(offset, await this.source.oldest());
  }

  private batch(records: JournalRecordAt[], bytes: number, offset: number): JournalBatch {
    this.counts.records += records.length;
    this.counts.bytes += bytes;
    this.lastDataAt = performance.now();
    const position = { generation: this.mark?.generation ?? '', offset };
    this.current = position;
    return { records, position };
  }

  private async reportDamage(stretch: Stretch, offset: number, end: number): Promise<void> {
    const damage = { offset, bytes: end - offset };
    this.counts.damages += 1;
    this.counts.damagedBytes += damage.bytes;
    this.log.error('a damaged part of the journal was passed over', { ...damage });
    try {
      const bytes = await this.source.read(stretch.start, offset, Math.min(damage.bytes, maxSetAsideBytes));
      if (bytes !== undefined) await setAsideDamage(this.options.dir, offset, bytes);
    } catch (thrown) {
      this.log.warn('damaged bytes could not be set aside', { error: errorLine(thrown) });
    }
    this.options.onDamage?.(damage);
  }
}

const windowBytesPerBatch = 1024 * 1024;

/**
 * Opens the journal in `dir` for reading; it need not exist yet. Throws the faults of `JournalReader.next` when the position is
 * one already.
 */
export async function openJournalReader(options: JournalReaderOptions): Promise<JournalReader> {
  const reader = new JournalReader(options);
  try {
    await reader.check();
    return reader;
  } catch (thrown) {
    await reader.close();
    throw thrown;
  }
}
