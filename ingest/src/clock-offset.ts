/** Receive times are taken together in steps of this length. */
const bucketMs = 300_000;
/** DESIGN 4: the smallest difference over the last hour of receipts. */
const windowBuckets = 12;

/**
 * Smallest receive time minus device time per five minutes of receipts: [bucket, ms], oldest first, growing. A larger one that an equal or smaller one
 * followed can never be the smallest again and is left out, so that mostly one or two stand here.
 */
export type ClockOffsets = (readonly [number, number])[];

/** Adds one live message: delay only adds, so the smallest difference comes nearest to the clock's own offset. */
export function addOffset(offsets: ClockOffsets, receivedAt: number, deviceAt: number): void {
  const bucket = Math.floor(receivedAt / bucketMs);
  const offset = receivedAt - deviceAt;
  const newest = offsets[offsets.length - 1];
  if (newest !== undefined && newest[0] === bucket && newest[1] <= offset && isFresh(offsets, bucket)) return;
  while (offsets.length > 0 && (offsets[offsets.length - 1] as readonly [number, number])[1] >= offset)
    offsets.pop();
  if (offsets[offsets.length - 1]?.[0] !== bucket) offsets.push([bucket, offset]);
  while (!isFresh(offsets, bucket)) offsets.shift();
}

const isFresh = (offsets: ClockOffsets, bucket: number) =>
  (offsets[0]?.[0] ?? bucket) > bucket - windowBuckets;

/** The device's clock offset, ms: positive when its clock is behind; null before the first live message. */
export function smallestOffset(offsets: ClockOffsets): number | null {
  return offsets[0]?.[1] ?? null;
}
