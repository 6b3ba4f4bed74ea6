import { encodeRecord, type JournalRecord } from '@waystation/shared/contracts/journal-record';
import type { JournalWriter } from '@waystation/shared/journal/writer';
import type { Clock } from '@waystation/shared/runtime/clock';
import { errorLine, type WaystationError } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import type { BrokerCounters } from './counters.ts';
import type { Session } from './session.ts';

const tickMs = 10_000;
/** How often an end of a connection that the journal refused is tried again. */
const retryMs = 1_000;

/** `Omit` that keeps the members of a union apart. */
type Untimed<T> = T extends unknown ? Omit<T, 'receivedAt'> : never;

/** Writes what happens besides messages into the journal: starts, connections, ticks, settings. It owns the receive time. */
export class Chronicle {
  private last: number;
  private tickTimer: NodeJS.Timeout | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  /** Ends that are owed to the journal: without them a device would look online for ever. At most one per connection. */
  private readonly owed: Untimed<JournalRecord>[] = [];
  private readonly journal: JournalWriter;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly counters: BrokerCounters;

  /** `notBefore`: receive time of the newest record that an earlier run may have written, epoch ms. */
  constructor(journal: JournalWriter, clock: Clock, log: Log, counters: BrokerCounters, notBefore: number) {
    this.journal = journal;
    this.clock = clock;
    this.log = log;
    this.counters = counters;
    this.last = notBefore;
  }

  /** The receive time of what came in now: the clock, but never before what was already written. */
  receiveTime(): number {
    this.last = Math.max(this.last, this.clock.now());
    return this.last;
  }

  /** Writes that the broker started, and ticks from then on. Resolves when the start is durable. */
  async start(version: string, revision: number): Promise<void> {
    await this.written({ type: 'start', version });
    await this.settings(revision);
    this.scheduleTick();
    this.retryTimer = setInterval(() => this.payOwed(), retryMs);
  }

  /** Writes that the settings of this registry revision hold from here on. */
  settings(revision: number): Promise<void> {
    return this.written({ type: 'settings', revision });
  }

  connected(session: Session, clientId: string, refused: () => void): void {
    const { connection, login, address } = session;
    this.append({ type: 'connect', connection, login, clientId, address }, (error) => {
      if (error !== null) refused();
    });
  }

  disconnected(session: Session, reason: string): void {
    this.appendOrOwe({ type: 'disconnect', connection: session.connection, login: session.login, reason });
  }

  stop(): void {
    clearTimeout(this.tickTimer);
    clearInterval(this.retryTimer);
    this.payOwed();
  }

  private scheduleTick(): void {
    const now = this.clock.now();
    this.tickTimer = setTimeout(
      () => {
        this.append({ type: 'tick' }, (error) => {
          if (error !== null) this.log.warn('tick not written', { error: errorLine(error) });
        });
        this.scheduleTick();
      },
      tickMs - (now % tickMs),
    );
  }

  private payOwed(): void {
    for (const record of this.owed.splice(0)) {
      this.counters.presenceRetries += 1;
      this.appendOrOwe(record);
    }
  }

  private appendOrOwe(record: Untimed<JournalRecord>): void {
    this.append(record, (error) => {
      if (error?.retryable) this.owed.push(record);
    });
  }

  private written(record: Untimed<JournalRecord>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.append(record, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  private append(record: Untimed<JournalRecord>, callback: (error: WaystationError | null) => void): void {
    this.journal.append(
      encodeRecord({ ...record, receivedAt: this.receiveTime() } as JournalRecord),
      callback,
    );
  }
}
