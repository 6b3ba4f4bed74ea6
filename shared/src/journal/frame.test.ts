import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  announcedLength,
  endOfLastFrame,
  type FrameKey,
  frameHeaderBytes,
  payloadIntact,
  writeFrame,
} from './frame.ts';

const key: FrameKey = { low: 0x12345678, high: 0x9abcdef0 };
const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 12 });

function framed(base: number, parts: readonly Uint8Array[]): { bytes: Buffer; ends: number[] } {
  const bytes = Buffer.alloc(parts.reduce((sum, part) => sum + part.length + frameHeaderBytes, 0));
  const ends: number[] = [];
  let at = 0;
  for (const part of parts) {
    at += writeFrame(bytes, at, key, base + at, part);
    ends.push(at);
  }
  return { bytes, ends };
}

test('any prefix of the bytes ends behind a prefix of the frames', () => {
  fc.assert(
    fc.property(
      payloads,
      fc.nat({ max: 2 ** 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (parts, base, share) => {
        const { bytes, ends } = framed(base, parts);
        const cut = Math.floor(bytes.length * share);
        const whole = ends.filter((end) => end <= cut).at(-1) ?? 0;
        expect(endOfLastFrame(bytes.subarray(0, cut), key, base)).toBe(whole);
      },
    ),
  );
});

test('a frame is valid at its own offset, in its own journal, and nowhere else', () => {
  fc.assert(
    fc.property(
      payloads,
      fc.nat({ max: 2 ** 45 }),
      fc.integer({ min: 1, max: 2 ** 40 }),
      (parts, base, shift) => {
        const { bytes } = framed(base, parts);
        expect(endOfLastFrame(bytes, key, base)).toBe(bytes.length);
        expect(endOfLastFrame(bytes, key, base + shift)).toBe(0);
        expect(endOfLastFrame(bytes, { low: key.low ^ 1, high: key.high }, base)).toBe(0);
        expect(endOfLastFrame(bytes, { low: key.low, high: key.high ^ 0x8000_0000 }, base)).toBe(0);
      },
    ),
  );
});

test('a single flipped bit anywhere in a frame is noticed', () => {
  const { bytes } = framed(7_000_000_000, [Buffer.from('{"in":120,"out":118}')]);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const length = announcedLength(damaged, 0, key, 7_000_000_000);
    expect(length !== -1 && payloadIntact(damaged, 0, length)).toBe(false);
  }
});
