import type { DataOf } from '@waystation/shared/contracts/telemetry';
import type { MadeReading } from '../fleet/station-run.ts';
import { chanceAt, hashOf } from '../world/chance.ts';

/** Faults of devices and of the way to the broker that can be set; shares are 0..1. */
export interface DeviceFaults {
  /** People whom a door counter does not see, or sees twice. */
  readonly missShare: number;
  readonly doubleShare: number;
  /** In and out are exchanged. */
  readonly swap: boolean;
  /** Share of the minutes in which a device says nothing. */
  readonly silentShare: number;
  /** A device starts anew this often: a new session, counters from 0. ms; 0 = never. */
  readonly rebootEveryMs: number;
  /** Error of the device's clock, ms, ahead positive. */
  readonly clockErrorMs: number;
  /** Readings sent twice. */
  readonly duplicateShare: number;
  /** Readings that change places with the next one. */
  readonly disorderShare: number;
  /** Readings are kept and handed over together, late, this often, ms; 0 = at once. */
  readonly bufferMs: number;
  /** Messages cut short on the way: no JSON any more. */
  readonly brokenShare: number;
}

export const noFaults: DeviceFaults = {
  missShare: 0,
  doubleShare: 0,
  swap: false,
  silentShare: 0,
  rebootEveryMs: 0,
  clockErrorMs: 0,
  duplicateShare: 0,
  disorderShare: 0,
  bufferMs: 0,
  brokenShare: 0,
};

/** A message that a device hands over. */
export interface Handed {
  /** The reading as the device believes it. */
  readonly reading: MadeReading;
  readonly text: string;
  /** Cut short on the way: whoever gets it can make nothing of it. */
  readonly isBroken: boolean;
}

/** A device with faults between what it should report and what it hands over. The same seed hands over the same bytes. */
export class FaultyDevice {
  private readonly faults: DeviceFaults;
  private readonly seed: number;
  private held: MadeReading[] = [];
  private heldSince: number | undefined;
  private counted = { in: 0, out: 0 };
  private seen = { in: 0, out: 0 };
  private bootedAt = 0;
  private atBoot: Record<string, number> = {};

  constructor(faults: DeviceFaults, seed: string) {
    this.faults = faults;
    this.seed = hashOf(seed);
  }

  /** Takes the reading that a healthy device would make; answers what is handed over now. */
  take(reading: MadeReading): Handed[] {
    if (this.happens('silent', Math.floor(reading.at / 60_000), this.faults.silentShare)) return [];
    const wrong = this.distort(reading);
    this.held.push(wrong);
    this.heldSince ??= reading.at;
    if (reading.at - this.heldSince < this.faults.bufferMs) return [];
    if (
      this.faults.bufferMs === 0 &&
      this.held.length === 1 &&
      this.happens('disorder', reading.at, this.faults.disorderShare)
    )
      return [];
    const late = this.faults.bufferMs > 0;
    const ordered = late ? this.held : this.held.reverse();
    const readings = ordered.flatMap((each) =>
      this.happens('duplicate', each.at, this.faults.duplicateShare) ? [each, each] : [each],
    );
    this.held = [];
    this.heldSince = undefined;
    return readings.map((each) => this.hand(each, late));
  }

  private hand(reading: MadeReading, late: boolean): Handed {
    const { session, seq, at, device, data } = reading;
    const text = JSON.stringify({
      session,
      seq,
      at,
      kind: device.kind,
      data,
      ...(late ? { late: true } : {}),
    });
    const isBroken = this.happens('broken', seq, this.faults.brokenShare);
    return { reading, isBroken, text: isBroken ? text.slice(0, text.length >> 1) : text };
  }

  private distort(reading: MadeReading): MadeReading {
    const { faults } = this;
    let data = reading.data;
    if (reading.device.kind === 'door-counter') data = this.miscount(reading.data as DataOf<'door-counter'>);
    let { session } = reading;
    if (faults.rebootEveryMs > 0) {
      const boot = Math.floor(reading.at / faults.rebootEveryMs);
      if (boot !== this.bootedAt) {
        this.bootedAt = boot;
        this.atBoot = counters(data);
      }
      session = `${reading.session}-${boot}`;
      data = minus(data, this.atBoot);
    }
    return { ...reading, session, data, at: reading.at + faults.clockErrorMs };
  }

  /** Each person counted since the last reading is missed, seen, or seen twice. */
  private miscount(data: DataOf<'door-counter'>): DataOf<'door-counter'> {
    for (const side of ['in', 'out'] as const) {
      for (; this.seen[side] < data[side]; this.seen[side] += 1) {
        const draw = chanceAt(hashOf(`${this.seed}/${side}`), this.seen[side]);
        if (draw >= this.faults.missShare) this.counted[side] += draw > 1 - this.faults.doubleShare ? 2 : 1;
      }
      if (data[side] < this.seen[side]) {
        // A new day's session starts at 0 again.
        this.seen[side] = data[side];
        this.counted[side] = data[side];
      }
    }
    const { in: entered, out: left } = this.counted;
    return this.faults.swap ? { in: left, out: entered } : { in: entered, out: left };
  }

  private happens(what: string, moment: number, share: number): boolean {
    return share > 0 && chanceAt(hashOf(`${this.seed}/${what}`), moment) < share;
  }
}

const cumulative = ['in', 'out', 'dispensedMl', 'cycles', 'runS', 'presses'];

function counters(data: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(data).filter(([name, value]) => cumulative.includes(name) && typeof value === 'number'),
  ) as Record<string, number>;
}

function minus<T extends object>(data: T, start: Record<string, number>): T {
  const entries = Object.entries(data).map(([name, value]) => [
    name,
    start[name] === undefined ? value : Math.max(0, Number(value) - start[name]),
  ]);
  return Object.fromEntries(entries) as T;
}
