import type { Device } from '@waystation/shared/contracts/registry-documents';
import { topicOf } from '@waystation/shared/contracts/topics';
import { connect, type MqttClient } from 'mqtt';
import { type DeviceFaults, FaultyDevice } from '../devices/device-faults.ts';
import type { MadeReading } from './station-run.ts';

/** Messages that wait for an acknowledgement per device; beyond it the oldest go: a real device's memory is small too. */
const maxWaiting = 500;

export interface DeviceLinkOptions {
  readonly url: string;
  readonly secret: string;
  readonly session: string;
  readonly faults: DeviceFaults;
  /** The broker acknowledged a reading. */
  readonly acknowledged: (reading: MadeReading) => void;
}

/** One device's connection to the broker: birth, will, and readings in order. */
export class DeviceLink {
  readonly device: Device;
  private readonly client: MqttClient;
  private readonly faulty: FaultyDevice;
  private readonly acknowledged: (reading: MadeReading) => void;
  private session: string;
  private waiting = 0;
  private isCut = false;
  dropped = 0;

  constructor(device: Device, options: DeviceLinkOptions) {
    this.faulty = new FaultyDevice(options.faults, `${device.station}/${device.id}`);
    this.device = device;
    this.session = options.session;
    this.acknowledged = options.acknowledged;
    const login = `${device.station}/${device.id}`;
    const will = {
      topic: topicOf(device.station, device.id, 'status'),
      payload: Buffer.from(JSON.stringify({ session: options.session, online: false })),
      qos: 1 as const,
      retain: false,
    };
    this.client = connect(options.url, {
      username: login,
      password: options.secret,
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
    for (const { reading: handed, text, isBroken } of this.faulty.take(reading)) {
      if (handed.session !== this.session) {
        this.session = handed.session;
        this.birth();
      }
      this.publish('telemetry', text, isBroken ? undefined : () => this.acknowledged(handed));
    }
  }

  /** The way to the broker is cut (router or mains), without a word; or it is back. */
  cut(isCut: boolean): void {
    if (isCut === this.isCut) return;
    this.isCut = isCut;
    if (isCut) this.client.end(true);
    else this.client.reconnect();
  }

  async close(): Promise<void> {
    if (!this.isCut) await this.client.endAsync();
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

  private publish(channel: 'telemetry' | 'status', text: string, acknowledged?: () => void): void {
    if (this.isCut) return;
    if (this.waiting >= maxWaiting) {
      this.dropped += 1;
      return;
    }
    this.waiting += 1;
    this.client.publish(topicOf(this.device.station, this.device.id, channel), text, { qos: 1 }, (error) => {
      this.waiting -= 1;
      if (error === null || error === undefined) acknowledged?.();
    });
  }
}
