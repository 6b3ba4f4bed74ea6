import type { Clock } from '@waystation/shared/runtime/clock';

/** How much of its rate a login may save up, s. */
const burstS = 10;

/**
 * A token bucket that delays instead of dropping: what comes too fast waits in order, and because Aedes reads the next bytes of a
 * connection only when the last are handled, the sender's socket fills up and slows it. Nobody else waits.
 */
export class PublishRate {
  private tokens: number;
  private filledAt: number;
  private readonly waiting: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly perSecond: number;
  private readonly clock: Clock;

  constructor(perSecond: number, clock: Clock) {
    this.perSecond = perSecond;
    this.clock = clock;
    this.tokens = perSecond * burstS;
    this.filledAt = clock.now();
  }

  /** Takes a token now, or answers false: then hand the work to `later`. */
  take(): boolean {
    if (this.waiting.length > 0) return false;
    this.fill();
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** Runs `work` when its turn has come. */
  later(work: () => void): void {
    this.waiting.push(work);
    this.schedule();
  }

  /** Forgets what waits: the connection is gone, so no acknowledgement is owed. */
  stop(): void {
    clearTimeout(this.timer);
    this.waiting.length = 0;
  }

  private fill(): void {
    const now = this.clock.now();
    this.tokens = Math.min(
      this.perSecond * burstS,
      this.tokens + ((now - this.filledAt) / 1_000) * this.perSecond,
    );
    this.filledAt = now;
  }

  private schedule(): void {
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        this.fill();
        while (this.tokens >= 1 && this.waiting.length > 0) {
          this.tokens -= 1;
          this.waiting.shift()!();
        }
        if (this.waiting.length > 0) this.schedule();
      },
      Math.max(5, 1_000 / this.perSecond),
    );
  }
}
