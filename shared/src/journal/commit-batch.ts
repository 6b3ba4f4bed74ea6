import type { WaystationError } from '../runtime/errors.ts';
import { type FrameKey, frameHeaderBytes, writeFrame } from './frame.ts';

export type AppendCallback = (error: WaystationError | null) => void;

const firstBytes = 256 * 1024;
/** A buffer that grew beyond this in a burst is given back when its batch is done. */
const keptBytes = 4 * 1024 * 1024;

/** Frames that share one write and one fdatasync, in one contiguous buffer that is used again and again. */
export class CommitBatch {
  bytes = Buffer.allocUnsafeSlow(firstBytes);
  length = 0;
  callbacks: AppendCallback[] = [];

  /** Adds the frame of `payload` for journal offset `offset`; copies the payload. */
  add(key: FrameKey, offset: number, payload: Uint8Array, callback: AppendCallback): void {
    const needed = this.length + frameHeaderBytes + payload.length;
    if (needed > this.bytes.length) this.grow(needed);
    this.length += writeFrame(this.bytes, this.length, key, offset, payload);
    this.callbacks.push(callback);
  }

  /** Empties the batch and returns whom to call back. */
  take(): AppendCallback[] {
    const { callbacks } = this;
    this.callbacks = [];
    this.length = 0;
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(firstBytes);
    return callbacks;
  }

  private grow(needed: number): void {
    let size = this.bytes.length;
    while (size < needed) size *= 2;
    const larger = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
