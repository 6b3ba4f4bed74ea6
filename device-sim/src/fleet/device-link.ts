import type { Device } from '@waystation/shared/contracts/registry-documents';
import { maxReadingsPerMessage } from '@waystation/shared/contracts/telemetry';
import { topicOf } from '@waystation/shared/contracts/topics';
import { connect, type MqttClient } from 'mqtt';
import { type DeviceFaults, FaultyDevice } from '../devices/device-faults.ts';
import type { MadeReading } from './station-run.ts';

/** Messages that wait for an acknowledgement per device; beyond it the oldest go: a real device's memory is small too. */
const maxWaiting = 500;
/** Below the broker's usual limit of 64 KiB. */
const maxPartBytes = 60_000;

/** One device's connection to the broker: birth, will, and readings in order. */
export class DeviceLink {
  readonly device: Device;
  private readonly client: MqttClient;
  private readonly faulty: FaultyDevice;
  private session: string;
  private waiting = 0;
  dropped = 0;

  constructor(port: number, device: Device, secret: string, session: string, faults: DeviceFaults) {
    this.faulty = new FaultyDevice(faults, `${device.station}/${device.id}`);
    this.device = device;
    this.session = session;
    const login = `${device.station}/${device.id}`;
    const status = topicOf(device.station, device.id, 'status');
    const will = {
      topic: status,
      payload: Buffer.from(JSON.stringify({ session, online: false })),
      qos: 1 as const,
      retain: false,
    };
    this.client = connect(`mqtt://127.0.0.1:${port}`, {
      username: login,
      password: secret,
      clientId: login,
      keepalive: 60,
      reconnectPeriod: 2_000 + (login.length % 7) * 300,
      will,
    });
    this.client.on('connect', () => this.birth());
    // A broker that is away is tried again; its log says why it refuses.
    this.client.on('error', () => undefined);
  }

  /** Hands over what the device made of a reading, faults and all. */
  send(reading: MadeReading): void {
    for (const { session, text } of this.faulty.take(reading)) {
      if (session !== this.session) {
        this.session = session;
        this.birth();
      }
      this.publish('telemetry', text);
    }
  }

  /** Sends readings of one session as late data, in large messages, each acknowledged before the next. */
  async sendLate(readings: readonly MadeReading[]): Promise<void> {
    const topic = topicOf(this.device.station, this.device.id, 'telemetry');
    const head = JSON.stringify({ session: readings[0]?.session, kind: this.device.kind, late: true }).slice(
      0,
      -1,
    );
    for (const part of partsOf(readings)) {
      await this.client.publishAsync(topic, `${head},"readings":[${part.join(',')}]}`, { qos: 1 });
    }
  }

  async close(): Promise<void> {
    await this.client.endAsync();
  }

  private birth(): void {
    const { kind, model } = this.device;
    this.publish(
      'status',
      JSON.stringify({
        session: this.session,
        online: true,
        at: Date.now(),
        kind,
        model: model ?? 'simulated',
        firmware: 'sim-1',
      }),
    );
  }

  private publish(channel: 'telemetry' | 'status', text: string): void {
    if (this.waiting >= maxWaiting) {
      this.dropped += 1;
      return;
    }
    this.waiting += 1;
    this.client.publish(topicOf(this.device.station, this.device.id, channel), text, { qos: 1 }, () => {
      this.waiting -= 1;
    });
  }
}

/** Readings as JSON, in parts that fit one message. */
function partsOf(readings: readonly MadeReading[]): string[][] {
  const parts: string[][] = [];
  let part: string[] = [];
  let bytes = 0;
  for (const { seq, at, data } of readings) {
    const text = JSON.stringify({ seq, at, data });
    const length = Buffer.byteLength(text) + 1;
    if (part.length === maxReadingsPerMessage || bytes + length > maxPartBytes) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(text);
    bytes += length;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
