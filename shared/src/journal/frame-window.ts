import { announcedLength, type FrameKey, findHeader, frameHeaderBytes, payloadIntact } from './frame.ts';
import type { SegmentSource } from './segment-source.ts';

export const windowBytes = 1024 * 1024;

/** The stretch of one segment in which a reader may look for frames now. */
export interface Stretch {
  /** Start of the segment. */
  readonly start: number;
  /** End of the segment or the durable mark, whichever is lower; always a frame boundary. */
  readonly limit: number;
}

/** What stands at an offset: a whole frame, damage, or bytes that are not loaded yet. */
export type Found =
  | { readonly is: 'frame'; readonly payload: Buffer; readonly end: number }
  | { readonly is: 'damage' }
  | { readonly is: 'unloaded'; readonly bytes: number };

/** The bytes that a reader has loaded, looked at by journal offset. */
export class FrameWindow {
  private readonly key: FrameKey;
  private bytes: Buffer = Buffer.alloc(0);
  private base = 0;

  constructor(key: FrameKey) {
    this.key = key;
  }

  /** The frame at `offset`, which lies below `limit`. */
  at(offset: number, limit: number): Found {
    if (offset + frameHeaderBytes >= limit) return { is: 'damage' };
    const index = offset - this.base;
    if (index < 0 || index + frameHeaderBytes > this.bytes.length) {
      return { is: 'unloaded', bytes: frameHeaderBytes };
    }
    const length = announcedLength(this.bytes, index, this.key, offset);
    const end = offset + frameHeaderBytes + length;
    if (length === -1 || end > limit) return { is: 'damage' };
    if (end > this.base + this.bytes.length) return { is: 'unloaded', bytes: frameHeaderBytes + length };
    if (!payloadIntact(this.bytes, index, length)) return { is: 'damage' };
    const payload = this.bytes.subarray(index + frameHeaderBytes, index + frameHeaderBytes + length);
    return { is: 'frame', payload, end };
  }

  /**
   * Loads at least `bytes` bytes from `offset` on, more when there are more. What the file no longer has below `limit` reads as zeros, which are
   * no frame. False when the segment was deleted.
   */
  async load(source: SegmentSource, stretch: Stretch, offset: number, bytes: number): Promise<boolean> {
    const wanted = Math.min(stretch.limit - offset, Math.max(bytes, windowBytes));
    const read = await source.read(stretch.start, offset, wanted);
    if (read === undefined) return false;
    this.base = offset;
    this.bytes = read.length === wanted ? read : Buffer.concat([read], wanted);
    return true;
  }

  /**
   * The first sound header behind the damage at `offset`, or the stretch's limit. A sound header whose payload is damaged ends at
   * its own frame's end. Undefined when the segment was deleted meanwhile.
   */
  async endOfDamage(source: SegmentSource, stretch: Stretch, offset: number): Promise<number | undefined> {
    const index = offset - this.base;
    const length = index < 0 ? -1 : announcedLength(this.bytes, index, this.key, offset);
    if (length !== -1) return Math.min(stretch.limit, offset + frameHeaderBytes + length);
    let from = offset + 1;
    while (from + frameHeaderBytes < stretch.limit) {
      if (from < this.base || from + frameHeaderBytes > this.base + this.bytes.length) {
        if (!(await this.load(source, stretch, from, frameHeaderBytes))) return undefined;
      }
      const header = findHeader(this.bytes, from - this.base, this.key, this.base);
      if (header !== -1) return this.base + header;
      from = this.base + this.bytes.length - frameHeaderBytes + 1;
    }
    return stretch.limit;
  }
}
