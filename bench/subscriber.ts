/**
 * A QoS 1 subscriber on a raw socket, in a thread of its own so that the publishers' loop does not slow it.
 * It counts PUBLISH packets and answers each with a PUBACK; the count stands in shared memory.
 */
import { connect } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface Subscriber {
  /** Messages received so far. */
  count(): number;
  stop(): Promise<void>;
}

/** Subscribes to `filter` and resolves when the SUBACK is in. */
export async function startSubscriber(port: number, filter: string): Promise<Subscriber> {
  const counter = new SharedArrayBuffer(8);
  const worker = new Worker(import.meta.filename, { workerData: { port, filter, counter } });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });
  const view = new BigInt64Array(counter);
  return {
    count: () => Number(Atomics.load(view, 0)),
    stop: async () => {
      await worker.terminate();
    },
  };
}

if (!isMainThread) run(workerData as { port: number; filter: string; counter: SharedArrayBuffer });

function run({ port, filter, counter }: { port: number; filter: string; counter: SharedArrayBuffer }): void {
  const view = new BigInt64Array(counter);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const name = Buffer.from(`bench-${process.pid}`);
  const topic = Buffer.from(filter);
  let rest: Buffer = Buffer.alloc(0);
  socket.on('connect', () => {
    socket.write(
      Buffer.concat([
        Buffer.from([0x10, 12 + name.length, 0, 4]),
        Buffer.from('MQTT'),
        Buffer.from([4, 2, 0, 60, 0, name.length]),
        name,
      ]),
    );
    socket.write(
      Buffer.concat([Buffer.from([0x82, 5 + topic.length, 0, 1, 0, topic.length]), topic, Buffer.from([1])]),
    );
  });
  socket.on('data', (chunk) => {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const acks: Buffer[] = [];
    let at = 0;
    let received = 0;
    for (;;) {
      const end = packetEnd(bytes, at);
      if (end === undefined) break;
      const type = bytes[at]! >> 4;
      if (type === 9) parentPort?.postMessage('ready');
      if (type === 3) {
        received += 1;
        const topicAt = bodyStart(bytes, at);
        const idAt = topicAt + 2 + bytes.readUInt16BE(topicAt);
        if (((bytes[at]! >> 1) & 3) === 1) acks.push(Buffer.from([0x40, 2, bytes[idAt]!, bytes[idAt + 1]!]));
      }
      at = end;
    }
    rest = bytes.subarray(at);
    if (received > 0) Atomics.add(view, 0, BigInt(received));
    if (acks.length > 0) socket.write(Buffer.concat(acks));
  });
}

function bodyStart(bytes: Buffer, at: number): number {
  let next = at + 1;
  while ((bytes[next]! & 0x80) !== 0) next += 1;
  return next + 1;
}

function packetEnd(bytes: Buffer, at: number): number | undefined {
  let length = 0;
  let shift = 0;
  for (let next = at + 1; next < bytes.length; next += 1) {
    length += (bytes[next]! & 0x7f) << shift;
    shift += 7;
    if ((bytes[next]! & 0x80) === 0) {
      const end = next + 1 + length;
      return end <= bytes.length ? end : undefined;
    }
  }
  return undefined;
}
