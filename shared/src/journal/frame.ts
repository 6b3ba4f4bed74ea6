import { crc32 } from 'node:zlib';

/**
 * One frame: marker u32, payload length u32, header check u32, CRC32 u32, payload; numbers are little-endian.
 *
 * The header check binds the length to the frame's own offset and to a secret of this journal, and seeds the CRC of the payload.
 * A frame is therefore valid only where it was written: bytes that a device copies, guesses or replays inside a payload are never
 * taken for a frame, and re-synchronising after damage rejects a false marker without reading on.
 */
export const frameHeaderBytes = 16;

/** Largest payload of one frame. Telemetry is at most 64 KiB; the rest is room for batches and settings. */
export const maxPayloadBytes = 4 * 1024 * 1024;

/** 0xF5 never occurs in UTF-8 text, so that JSON payloads hold no marker. */
export const frameMarker = Buffer.from([0xf5, 0x57, 0x53, 0xa1]);
const marker = frameMarker.readUInt32LE(0);

/** Two secret 32-bit words, made once per journal. */
export interface FrameKey {
  readonly low: number;
  readonly high: number;
}

/** Check word of a frame of `length` payload bytes at journal offset `offset`. */
export function headerCheck(key: FrameKey, offset: number, length: number): number {
  let hash = mix(key.low ^ (offset >>> 0));
  hash = mix(hash ^ key.high ^ Math.floor(offset / 0x1_0000_0000));
  return mix(hash ^ length) >>> 0;
}

/** Murmur3's finaliser: a bijection of 32-bit words in which every input bit reaches every output bit. */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Writes the frame of `payload` for journal offset `offset` into `target` at index `at`; returns the frame's bytes. */
export function writeFrame(
  target: Buffer,
  at: number,
  key: FrameKey,
  offset: number,
  payload: Uint8Array,
): number {
  const length = payload.length;
  const check = headerCheck(key, offset, length);
  target.writeUInt32LE(marker, at);
  target.writeUInt32LE(length, at + 4);
  target.writeUInt32LE(check, at + 8);
  target.writeUInt32LE(crc32(payload, check), at + 12);
  target.set(payload, at + frameHeaderBytes);
  return frameHeaderBytes + length;
}

/** Payload length that a sound header at `at` announces, or -1 when no frame of `offset` begins there. */
export function announcedLength(bytes: Buffer, at: number, key: FrameKey, offset: number): number {
  if (at + frameHeaderBytes > bytes.length || bytes.readUInt32LE(at) !== marker) return -1;
  const length = bytes.readUInt32LE(at + 4);
  if (length === 0 || length > maxPayloadBytes) return -1;
  return bytes.readUInt32LE(at + 8) === headerCheck(key, offset, length) ? length : -1;
}

/** True when the payload behind a sound header is the one that was written. All its bytes must be there. */
export function payloadIntact(bytes: Buffer, at: number, length: number): boolean {
  const payload = bytes.subarray(at + frameHeaderBytes, at + frameHeaderBytes + length);
  return (
    payload.length === length && crc32(payload, bytes.readUInt32LE(at + 8)) === bytes.readUInt32LE(at + 12)
  );
}

/**
 * Index of the first sound header at or behind index `from`, or -1. `base` is the journal offset of index 0.
 * A header that is cut off by the end of `bytes` is not found: search again from `bytes.length - frameHeaderBytes + 1`.
 */
export function findHeader(bytes: Buffer, from: number, key: FrameKey, base: number): number {
  for (let at = bytes.indexOf(frameMarker, from); at !== -1; at = bytes.indexOf(frameMarker, at + 1)) {
    if (announcedLength(bytes, at, key, base + at) !== -1) return at;
  }
  return -1;
}

/** Index behind the last intact frame in `bytes`, which begin at journal offset `base` on a frame boundary; damage between frames is passed over. */
export function endOfLastFrame(bytes: Buffer, key: FrameKey, base: number): number {
  let end = 0;
  let at = 0;
  while (at !== -1) {
    const length = announcedLength(bytes, at, key, base + at);
    if (length !== -1 && payloadIntact(bytes, at, length)) {
      at += frameHeaderBytes + length;
      end = at;
    } else {
      at = findHeader(bytes, at + 1, key, base);
    }
  }
  return end;
}
