import type { Device } from '@waystation/shared/contracts/registry-documents';
import type { Log } from '@waystation/shared/runtime/log';
import type { Zone } from '@waystation/shared/runtime/zone';
import { type Story, storyOf } from '../demo-stories.ts';
import type { DeviceFaults } from '../devices/device-faults.ts';
import { demoSeed } from './demo-seed.ts';
import { DeviceLink } from './device-link.ts';
import type { FleetLedger } from './fleet-ledger.ts';
import { GatewayLink, lastHandOver } from './gateway-link.ts';
import { beginDay, type MadeReading, type StationDay } from './station-run.ts';

export interface StationPlayerParts {
  readonly url: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly zone: Zone;
  readonly faults: DeviceFaults;
  readonly ledger: FleetLedger;
  readonly log: Log;
  /** When the story of the low tank begins, epoch ms. */
  readonly scriptedAt: number;
}

/** One station, live: its people of today, its devices, and their ways to the broker. */
export class StationPlayer {
  /** What was made of today before the start; it belongs to the history. */
  readonly earlier: readonly MadeReading[];
  readonly devices: readonly Device[];
  private readonly story: Story;
  private readonly parts: StationPlayerParts;
  private readonly links: ReadonlyMap<Device, DeviceLink>;
  private readonly gateway: GatewayLink | undefined;
  private handedOverAt: number;
  private day: StationDay;

  constructor(devices: readonly Device[], startedAt: number, parts: StationPlayerParts) {
    this.devices = devices;
    this.parts = parts;
    this.story = storyOf(devices);
    this.day = this.begin(startedAt);
    parts.ledger.forgetTruth(this.day.date);
    const made = this.day.until(startedAt, this.truth);
    const first = this.day.now(startedAt);
    const hours = this.story.faults?.buffersHours;
    this.handedOverAt =
      hours === undefined ? startedAt : lastHandOver(parts.zone.dayStart(startedAt), hours, startedAt);
    const station = devices[0]?.station ?? '';
    const gatewaySecret = hours === undefined ? undefined : parts.secrets[station];
    this.gateway =
      gatewaySecret === undefined
        ? undefined
        : new GatewayLink({
            url: parts.url,
            station,
            secret: gatewaySecret,
            log: parts.log,
            acknowledged: this.acknowledged,
          });
    this.links = this.gateway === undefined ? this.openLinks() : new Map();
    // Every device says at once what it sees, so that the page is full; a gateway's devices wait for its next time.
    this.earlier = made.filter(({ at }) => at <= this.handedOverAt);
    this.deliver([...made.filter(({ at }) => at > this.handedOverAt), ...first]);
  }

  get linkCount(): number {
    return this.links.size + (this.gateway === undefined ? 0 : 1);
  }

  /** Plays on to `now`, epoch ms. */
  advance(now: number): void {
    this.cutWhileSilent(now);
    this.deliver(this.day.until(Math.min(now, this.day.endsAt - 1), this.truth));
    if (now >= this.day.endsAt) {
      this.day = this.begin(now);
      this.deliver(this.day.until(now, this.truth));
    }
    const hours = this.story.faults?.buffersHours;
    if (hours === undefined || this.gateway === undefined) return;
    const due = lastHandOver(this.parts.zone.dayStart(now), hours, now);
    if (due <= this.handedOverAt) return;
    this.handedOverAt = due;
    void this.gateway.handOver();
  }

  async close(): Promise<void> {
    await Promise.all([...this.links.values()].map((link) => link.close()));
  }

  private begin(at: number): StationDay {
    return beginDay(this.devices, this.story, demoSeed, this.parts.zone, at, this.parts.scriptedAt);
  }

  private openLinks(): ReadonlyMap<Device, DeviceLink> {
    const dead = this.story.faults?.dead ?? [];
    const links = new Map<Device, DeviceLink>();
    for (const device of this.devices) {
      const secret = this.parts.secrets[`${device.station}/${device.id}`];
      if (secret === undefined || dead.includes(device.id)) continue;
      const { url, faults } = this.parts;
      const { session } = this.day;
      links.set(
        device,
        new DeviceLink(device, { url, secret, session, faults, acknowledged: this.acknowledged }),
      );
    }
    return links;
  }

  /** Router or mains of the whole room off: the connections break without a word. */
  private cutWhileSilent(now: number): void {
    const { hour, minute, day } = this.parts.zone.parts(now);
    const isSilent = this.story.faults?.silent?.(hour, minute, day) ?? false;
    for (const link of this.links.values()) link.cut(isSilent);
  }

  private deliver(readings: readonly MadeReading[]): void {
    for (const reading of readings) {
      if (this.gateway === undefined) this.links.get(reading.device)?.send(reading);
      else this.gateway.keep(reading);
    }
  }

  private readonly truth: Parameters<StationDay['until']>[1] = (line) =>
    this.parts.ledger.truth(this.day.date, line);

  private readonly acknowledged = ({ device, session, seq, at, data }: MadeReading): void => {
    this.parts.ledger.acknowledged(this.day.date, {
      device: `${device.station}/${device.id}`,
      session,
      seq,
      at,
      ...('in' in data && { in: data.in, out: data.out }),
    });
  };
}
