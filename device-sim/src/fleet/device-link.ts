import type { Device } from '@waystation/shared/contracts/registry-documents';
import { topicOf } from '@waystation/shared/contracts/topics';
import { connect, type MqttClient } from 'mqtt';
import type { MadeReading } from './station-run.ts';

/** Messages that wait for an acknowledgement per device; beyond it the oldest go: a real device's memory is small too. */
const maxWaiting = 500;
const readingsPerMessage = 500;

/** One device's connection to the broker: birth, will, and readings in order. */
export class DeviceLink {
  readonly device: Device;
  private readonly client: MqttClient;
  private session: string;
  private waiting = 0;
  dropped = 0;

  constructor(port: number, device: Device, secret: string, session: string) {
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

  get connected(): boolean {
    return this.client.connected;
  }

  /** Sends readings of one session, in one message. */
  send(readings: readonly MadeReading[], late: boolean): void {
    const first = readings[0];
    if (first === undefined) return;
    if (first.session !== this.session) {
      this.session = first.session;
      this.birth();
    }
    const one = ({ seq, at, data }: MadeReading) => ({ seq, at, data });
    const head = { session: first.session, kind: this.device.kind, ...(late ? { late: true } : {}) };
    if (readings.length === 1 && !late) this.publish('telemetry', { ...head, ...one(first) });
    else
      for (let from = 0; from < readings.length; from += readingsPerMessage)
        this.publish('telemetry', {
          ...head,
          readings: readings.slice(from, from + readingsPerMessage).map(one),
        });
  }

  async close(): Promise<void> {
    await this.client.endAsync();
  }

  private birth(): void {
    const { kind, model } = this.device;
    this.publish('status', {
      session: this.session,
      online: true,
      at: Date.now(),
      kind,
      model: model ?? 'simulated',
      firmware: 'sim-1',
    });
  }

  private publish(channel: 'telemetry' | 'status', body: object): void {
    if (this.waiting >= maxWaiting) {
      this.dropped += 1;
      return;
    }
    this.waiting += 1;
    this.client.publish(
      topicOf(this.device.station, this.device.id, channel),
      JSON.stringify(body),
      { qos: 1 },
      () => {
        this.waiting -= 1;
      },
    );
  }
}
