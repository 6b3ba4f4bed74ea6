import { connect, type Socket } from 'node:net';
import { generate } from 'mqtt-packet';
import { addToRuns, type Ledger } from './ledger.ts';

/** A device that this connection speaks for. */
export interface LoadDevice {
  /** `station/device`. */
  readonly key: string;
  readonly session: string;
  seq: number;
  in: number;
  out: number;
  acked: Ledger[number];
}

export interface LoadConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly login: string;
  readonly clientId: string;
  readonly secret: string;
  readonly localAddress: string | undefined;
  readonly inFlight: number;
  readonly payloadBytes: number;
  readonly onAck: (latencyMs: number) => void;
}

interface Sent {
  readonly device: LoadDevice;
  readonly seq: number;
  readonly at: number;
  readonly in: number;
  readonly out: number;
  readonly payload: string;
  sentMs: number;
}

const firstRetryMs = 50;
const longestRetryMs = 1_000;

/** One publisher on a raw socket. What was not acknowledged when the connection broke is sent again with the same session and seq. */
export class LoadConnection {
  private socket: Socket | undefined;
  private isReady = false;
  private isClosed = false;
  private retryMs = firstRetryMs;
  private readonly waiting = new Map<number, Sent>();
  private readonly again: Sent[] = [];
  private messageId = 0;
  private turn = 0;
  private buffered = '';
  private rest = Buffer.alloc(0);
  private readonly devices: readonly LoadDevice[];
  private readonly options: LoadConnectionOptions;
  sent = 0;

  constructor(devices: readonly LoadDevice[], options: LoadConnectionOptions) {
    this.devices = devices;
    this.options = options;
  }

  /** Resolves at the first CONNACK. */
  open(): Promise<void> {
    return new Promise((resolve) => this.dial(resolve));
  }

  /** Logged in, and not lost since. */
  get isConnected(): boolean {
    return this.isReady;
  }

  /** Readings that are not acknowledged. */
  get outstanding(): number {
    return this.waiting.size + this.again.length;
  }

  /** Readings of a broken connection that wait to be sent again. */
  get resendable(): number {
    return this.again.length;
  }

  /** Sends up to `count` new readings, as far as the window allows; answers how many. */
  publish(count: number): number {
    let made = 0;
    while (made < count && this.isReady && this.waiting.size < this.options.inFlight) {
      this.send(this.again.shift() ?? this.nextReading());
      made += 1;
    }
    this.flush();
    return made;
  }

  close(): void {
    this.isClosed = true;
    this.socket?.end(Buffer.from([0xe0, 0]));
  }

  private dial(connected?: () => void): void {
    const { host, port, login, clientId, secret, localAddress } = this.options;
    const socket = connect({
      port,
      host,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    this.socket = socket;
    this.rest = Buffer.alloc(0);
    socket.on('connect', () => {
      socket.write(
        generate({
          cmd: 'connect',
          protocolId: 'MQTT',
          protocolVersion: 4,
          clean: true,
          keepalive: 600,
          clientId,
          username: login,
          password: Buffer.from(secret),
        }),
      );
    });
    socket.on('data', (chunk) => this.receive(chunk, connected));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isReady = false;
      for (const sent of this.waiting.values()) this.again.push(sent);
      this.waiting.clear();
      this.buffered = '';
      if (this.isClosed) return;
      setTimeout(() => this.dial(connected), this.retryMs);
      this.retryMs = Math.min(this.retryMs * 2, longestRetryMs);
    });
  }

  private receive(chunk: Buffer, connected: (() => void) | undefined): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const now = performance.now();
    let at = 0;
    // Every packet that a publisher receives (CONNACK, PUBACK) has 4 bytes.
    for (; at + 4 <= bytes.length; at += 4) {
      const type = bytes[at]! >> 4;
      if (type === 2 && bytes[at + 3] === 0) {
        this.isReady = true;
        this.retryMs = firstRetryMs;
        connected?.();
      } else if (type === 4) this.acknowledged((bytes[at + 2]! << 8) | bytes[at + 3]!, now);
      else return void this.socket?.destroy();
    }
    this.rest = Buffer.from(bytes.subarray(at));
  }

  private acknowledged(id: number, now: number): void {
    const sent = this.waiting.get(id);
    if (sent === undefined) return;
    this.waiting.delete(id);
    const { acked } = sent.device;
    addToRuns(acked.runs, sent.seq);
    if (acked.firstAt === 0) acked.firstAt = sent.at;
    acked.firstAt = Math.min(acked.firstAt, sent.at);
    acked.lastAt = Math.max(acked.lastAt, sent.at);
    acked.in = Math.max(acked.in, sent.in);
    acked.out = Math.max(acked.out, sent.out);
    this.options.onAck(now - sent.sentMs);
  }

  private nextReading(): Sent {
    const device = this.devices[this.turn % this.devices.length]!;
    this.turn += 1;
    device.seq += 1;
    device.in += device.seq % 3 === 0 ? 1 : 0;
    device.out += device.seq % 3 === 1 && device.out < device.in ? 1 : 0;
    const at = Date.now();
    const text = `{"session":"${device.session}","seq":${device.seq},"at":${at},"kind":"door-counter","data":{"in":${device.in},"out":${device.out}}}`;
    this.sent += 1;
    return {
      device,
      seq: device.seq,
      at,
      in: device.in,
      out: device.out,
      payload: text.padEnd(this.options.payloadBytes),
      sentMs: 0,
    };
  }

  private send(sent: Sent): void {
    do this.messageId = (this.messageId % 65_535) + 1;
    while (this.waiting.has(this.messageId));
    sent.sentMs = performance.now();
    this.waiting.set(this.messageId, sent);
    const topic = `ws/1/${sent.device.key}/telemetry`;
    const length = 2 + topic.length + 2 + sent.payload.length;
    this.buffered += `\x32${String.fromCharCode((length & 0x7f) | 0x80, length >> 7)}${word(topic.length)}${topic}${word(this.messageId)}${sent.payload}`;
  }

  private flush(): void {
    if (this.buffered === '') return;
    this.socket?.write(this.buffered, 'latin1');
    this.buffered = '';
  }
}

function word(value: number): string {
  return String.fromCharCode(value >> 8, value & 0xff);
}
