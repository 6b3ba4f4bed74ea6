import { topicOf } from '@waystation/shared/contracts/topics';
import { errorLine } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import { connectAsync } from 'mqtt';
import { lateMessages } from './late-messages.ts';
import type { MadeReading } from './station-run.ts';

export interface GatewayLinkOptions {
  readonly url: string;
  readonly station: string;
  readonly secret: string;
  readonly log: Log;
  readonly acknowledged: (reading: MadeReading) => void;
}

/** Readings that a gateway keeps; beyond it the oldest go, counted: its memory is small. */
const maxKept = 100_000;

/** A gateway that has no steady way to the broker: it keeps what its devices say, dials in now and then, hands over, and hangs up. */
export class GatewayLink {
  private readonly options: GatewayLinkOptions;
  private kept: MadeReading[] = [];
  private dialling = false;
  dropped = 0;

  constructor(options: GatewayLinkOptions) {
    this.options = options;
  }

  keep(reading: MadeReading): void {
    this.kept.push(reading);
    if (this.kept.length <= maxKept) return;
    this.kept.shift();
    this.dropped += 1;
  }

  /** Dials in and hands over everything kept; what was not acknowledged stays for the next time. */
  async handOver(): Promise<void> {
    if (this.dialling) return;
    this.dialling = true;
    const { url, station, secret, log, acknowledged } = this.options;
    try {
      const client = await connectAsync(url, { username: station, password: secret, clientId: station });
      client.on('error', () => undefined);
      const bySource = Map.groupBy(
        this.kept,
        ({ device, session }: MadeReading) => `${device.id} ${session}`,
      );
      for (const own of bySource.values()) {
        const { id } = (own[0] as MadeReading).device;
        for (const { text, readings } of lateMessages(own)) {
          await client.publishAsync(topicOf(station, id, 'telemetry'), text, { qos: 1 });
          const done = new Set(readings);
          this.kept = this.kept.filter((reading) => !done.has(reading));
          for (const reading of readings) acknowledged(reading);
        }
      }
      await client.endAsync();
    } catch (thrown) {
      log.warn('a gateway could not hand over; it tries again at its next time', {
        station,
        error: errorLine(thrown),
      });
    } finally {
      this.dialling = false;
    }
  }
}

/** The last moment before `at` at which a gateway that dials in every `hours` local hours did so: whole hours of the day. */
export function lastHandOver(zoneDayStart: number, hours: number, at: number): number {
  const everyMs = hours * 3_600_000;
  return zoneDayStart + Math.floor((at - zoneDayStart) / everyMs) * everyMs;
}
