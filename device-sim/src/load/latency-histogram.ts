/** Latencies in buckets that grow by a 20th of a doubling: some 3.5 % wide, of any length, in constant memory. */
export class LatencyHistogram {
  private readonly counts = new Uint32Array(1_024);
  private total = 0;
  private longest = 0;

  add(ms: number): void {
    const bucket = Math.min(1_023, Math.max(0, Math.round(Math.log2(Math.max(ms, 0.001) / 0.001) * 20)));
    this.counts[bucket]! += 1;
    this.total += 1;
    if (ms > this.longest) this.longest = ms;
  }

  /** Latency below which a share (0..1) lies, ms; NaN without any. */
  percentile(share: number): number {
    let left = Math.ceil(share * this.total);
    if (left === 0) return Number.NaN;
    for (const [bucket, count] of this.counts.entries()) {
      left -= count;
      if (left <= 0) return Math.min(this.longest, 0.001 * 2 ** (bucket / 20));
    }
    return this.longest;
  }

  get max(): number {
    return this.longest;
  }
}
