import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { errorCode } from '../runtime/errors.ts';

/**
 * How far the journal is on disk. The writer publishes it after each fdatasync, before it acknowledges; readers never pass it.
 * It is written in place without a sync of its own: after a power cut it may be old, and then the newest segment tells the end.
 */
export interface DurableMark {
  readonly generation: string;
  /** Everything below is durable. */
  readonly offset: number;
  /** Start of the newest segment that holds durable frames. */
  readonly segmentStart: number;
  /** A write behind `offset` failed and was refused: what lies behind it in `segmentStart` must never be taken up again. */
  readonly sealed: boolean;
  /** Which boot of the machine wrote this (see `currentBoot`). */
  readonly boot: string;
}

export const markBytes = 64;
const magic = 0x314d5357;
const crcAt = markBytes - 4;

export function markPath(dir: string): string {
  return path.join(dir, 'durable');
}

/** Fills `target` with the 64 bytes of a mark. */
export function encodeMark(mark: DurableMark, target: Buffer): Buffer {
  target.fill(0);
  target.writeUInt32LE(magic, 0);
  target.writeUInt32LE(mark.sealed ? 1 : 0, 4);
  target.writeDoubleLE(mark.offset, 8);
  target.writeDoubleLE(mark.segmentStart, 16);
  target.write(mark.generation, 24, 16, 'hex');
  target.write(mark.boot, 40, 16, 'hex');
  target.writeUInt32LE(crc32(target.subarray(0, crcAt)), crcAt);
  return target;
}

/** The mark in these bytes, or undefined when they are torn, damaged or none. */
export function decodeMark(bytes: Buffer): DurableMark | undefined {
  if (bytes.length < markBytes || bytes.readUInt32LE(0) !== magic) return undefined;
  if (bytes.readUInt32LE(crcAt) !== crc32(bytes.subarray(0, crcAt))) return undefined;
  return {
    sealed: bytes.readUInt32LE(4) === 1,
    offset: bytes.readDoubleLE(8),
    segmentStart: bytes.readDoubleLE(16),
    generation: bytes.toString('hex', 24, 40),
    boot: bytes.toString('hex', 40, 56),
  };
}

/** A read may meet a write half done; the next one microseconds later does not. */
const readAttempts = 20;

/** Reads the mark through an open file: one positional read of 64 bytes, again when torn. */
export function readMark(fd: number, scratch: Buffer): DurableMark | undefined {
  for (let attempt = 0; attempt < readAttempts; attempt += 1) {
    const bytesRead = fs.readSync(fd, scratch, 0, markBytes, 0);
    const mark = bytesRead === markBytes ? decodeMark(scratch) : undefined;
    if (mark !== undefined) return mark;
  }
  return undefined;
}

/** The mark of the journal in `dir`, or undefined when there is none that can be trusted. */
export function readMarkOf(dir: string): DurableMark | undefined {
  const fd = openMark(dir);
  if (fd === undefined) return undefined;
  try {
    return readMark(fd, Buffer.alloc(markBytes));
  } finally {
    fs.closeSync(fd);
  }
}

/** Opens the mark for reading; undefined when the journal does not exist yet. */
export function openMark(dir: string): number | undefined {
  try {
    return fs.openSync(markPath(dir), 'r');
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

let boot: string | undefined;

/**
 * Id of this boot of the machine, 32 hex digits; zeros where the system has none. A mark of another boot may be older than what
 * its readers have seen, because it is not synced; one of this boot is exact, because the page cache outlives processes.
 */
export function currentBoot(): string {
  if (boot === undefined) {
    try {
      boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '');
    } catch {
      boot = '0'.repeat(32);
    }
  }
  return boot;
}
