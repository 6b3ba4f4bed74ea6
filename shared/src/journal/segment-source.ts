import fs from 'node:fs';
import { errorCode } from '../runtime/errors.ts';
import { listSegments, segmentOf, segmentPath } from './segment-files.ts';

/** Bytes of a journal by offset, for a reader: knows which segment holds an offset and where that segment ends. */
export class SegmentSource {
  private readonly dir: string;
  private starts: readonly number[] = [];
  private open: { readonly start: number; readonly handle: fs.promises.FileHandle } | undefined;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Start of the oldest segment, or undefined when there is none. */
  async oldest(): Promise<number | undefined> {
    await this.refresh();
    return this.starts[0];
  }

  /**
   * Start of the segment that holds `offset`, and of the one behind it. `newest` is the durable mark's segment: when it is not in
   * the list yet, the list is old. Undefined when the data was deleted.
   */
  async locate(
    offset: number,
    newest: number,
  ): Promise<{ readonly start: number; readonly next: number } | undefined> {
    if (!this.starts.includes(newest)) await this.refresh();
    return segmentOf(this.starts, offset);
  }

  async refresh(): Promise<void> {
    this.starts = await listSegments(this.dir);
  }

  /**
   * Reads up to `bytes` bytes at `offset` of the segment `start`; fewer at the end of its file; undefined when the file is gone.
   * The buffer is new each time, so that slices of it may be handed on.
   */
  async read(start: number, offset: number, bytes: number): Promise<Buffer | undefined> {
    const buffer = Buffer.allocUnsafeSlow(bytes);
    let filled = 0;
    let reopened = false;
    for (;;) {
      const handle = await this.handleOf(start);
      if (handle === undefined) return undefined;
      const { bytesRead } = await handle.read(buffer, filled, bytes - filled, offset - start + filled);
      filled += bytesRead;
      if (filled === bytes) return buffer;
      if (bytesRead > 0) continue;
      // A writer that failed before anything in this file was durable makes it anew under the same name.
      if (reopened) return buffer.subarray(0, filled);
      reopened = true;
      await this.close();
    }
  }

  async close(): Promise<void> {
    const { open } = this;
    this.open = undefined;
    await open?.handle.close();
  }

  private async handleOf(start: number): Promise<fs.promises.FileHandle | undefined> {
    if (this.open?.start === start) return this.open.handle;
    await this.close();
    try {
      const handle = await fs.promises.open(segmentPath(this.dir, start), 'r');
      this.open = { start, handle };
      return handle;
    } catch (thrown) {
      if (errorCode(thrown) === 'ENOENT') return undefined;
      throw thrown;
    }
  }
}
