import { connect as connectSocket, type Socket } from 'node:net';
import type { JournalRecord } from '@waystation/shared/contracts/journal-record';
import { newLogin } from '@waystation/shared/registry/device-logins';
import { loadSecretKey, serviceSecret } from '@waystation/shared/runtime/secret-key';
import { connect } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { secrets, startTestbed, type Testbed } from './testbed.ts';

let bed: Testbed;
const soon = { timeout: 5_000, interval: 20 };
const counter = (name: string) => bed.broker.status().metrics[`waystation_broker_${name}`];
const messages = async () => (await bed.records()).filter((record) => record.type === 'message');

describe('a broker with default limits', () => {
  beforeEach(async () => {
    bed = await startTestbed();
  });
  afterEach(() => bed.stop());

  it('acknowledges a reading that is in the journal', async () => {
    const client = await bed.client('s1/door-1');
    await client.publishAsync('ws/1/s1/door-1/telemetry', '{"a":1}', { qos: 1, retain: true });
    const [record] = await messages();
    expect(record).toMatchObject({ login: 's1/door-1', topic: 'ws/1/s1/door-1/telemetry', will: false });
    expect(record?.payload.toString()).toBe('{"a":1}');
    expect(counter('retain_stripped')).toBe(1);
  });

  it('journals readings of QoS 0 and 2 as well', async () => {
    const client = await bed.client('s1/door-1');
    await client.publishAsync('ws/1/s1/door-1/telemetry', '0', { qos: 0 });
    await client.publishAsync('ws/1/s1/door-1/telemetry', '2', { qos: 2 });
    await vi.waitFor(
      async () => expect((await messages()).map(({ payload }) => payload.toString())).toEqual(['0', '2']),
      soon,
    );
  });

  it('writes a start and the settings first, and connections around messages', async () => {
    const client = await bed.client('s1/door-1');
    await client.publishAsync('ws/1/s1/door-1/telemetry', 'x', { qos: 1 });
    await client.endAsync();
    await vi.waitFor(async () => {
      const records = (await bed.records()).filter(({ type }) => type !== 'tick');
      expect(records.map(({ type }) => type)).toEqual([
        'start',
        'settings',
        'connect',
        'message',
        'disconnect',
      ]);
      const ids = new Set(
        records.filter((record) => 'connection' in record).map(({ connection }) => connection),
      );
      expect(ids.size).toBe(1);
    }, soon);
  });

  it.each([
    ['a wrong secret', 's1/door-1', { password: 'wrong' }, 4],
    ['an unknown device', 's9/door-1', {}, 4],
    ['a name that is no login', 'a b', {}, 4],
    ['a client id of somebody else', 's1/door-1', { clientId: 's1/water-1' }, 2],
    ['a client id with a control character', 's1/door-1', { clientId: 's1/door-1:\u0001' }, 2],
  ])('refuses %s', async (_name, login, options, code) => {
    await expect(bed.client(login, options)).rejects.toMatchObject({ code });
  });

  it.each(['s1', 's1:replay', 's2/door-1'])('lets %s in', async (login) => {
    expect((await bed.client(login)).connected).toBe(true);
  });

  it('lets our own services in by their derived secret', async () => {
    const password = serviceSecret(loadSecretKey(bed.config.secretKeyFile), 'dashboard');
    const client = await bed.client('service:dashboard', { password });
    await client.publishAsync('ws/1/s1/staff/action', '{}', { qos: 1 });
    expect((await messages())[0]?.login).toBe('service:dashboard');
  });

  it('closes a connection that publishes to a foreign topic, without an acknowledgement', async () => {
    const client = await bed.client('s1/door-1');
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish('ws/1/s2/door-1/telemetry', 'x', { qos: 1 });
    await closed;
    expect(await messages()).toEqual([]);
    expect(counter('denied_topics')).toBe(1);
  });

  it('answers a denied subscription with 0x80 and delivers granted commands', async () => {
    const device = await bed.client('s1/door-1');
    const denied = await device
      .subscribeAsync(['$share/g/ws/1/s1/door-1/command', 'ws/1/s1/+/command', '#'], { qos: 1 })
      .catch((error) => error);
    expect(denied).toBeInstanceOf(Error);
    await device.subscribeAsync('ws/1/s1/door-1/command', { qos: 1 });
    const received = new Promise((resolve) =>
      device.once('message', (_topic, payload) => resolve(payload.toString())),
    );
    const password = serviceSecret(loadSecretKey(bed.config.secretKeyFile), 'dashboard');
    const service = await bed.client('service:dashboard', { password });
    await service.publishAsync('ws/1/s1/door-1/command', 'open', { qos: 1 });
    expect(await received).toBe('open');
  });

  it('cuts off a device within 2 s of its secret being rotated', async () => {
    const client = await bed.client('s1/door-1');
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    const { login } = newLogin('s1/door-1', 'another secret');
    await bed.registry.apply([{ kind: 'login', id: 's1/door-1', body: login }], {
      who: 'test',
      what: 'rotate',
    });
    const since = Date.now();
    await closed;
    expect(Date.now() - since).toBeLessThan(2_000);
    expect(counter('revoked')).toBe(1);
  });

  it('stops looking at the secret after repeated failures of one login, and lets another of the same address in', async () => {
    for (let attempt = 0; attempt < 6; attempt += 1)
      await bed.client('s1/door-1', { password: 'wrong' }).catch(() => undefined);
    await expect(bed.client('s1/door-1')).rejects.toMatchObject({ code: 5 });
    expect((await bed.client('s1/water-1')).connected).toBe(true);
  });

  it('keeps the order of take-over: the will and the end of the old connection carry its own id', async () => {
    const will = {
      topic: 'ws/1/s1/door-1/status',
      payload: Buffer.from('gone'),
      qos: 1 as const,
      retain: true,
    };
    await bed.client('s1/door-1', { will });
    await bed.client('s1/door-1');
    await vi.waitFor(async () => {
      const records = (await bed.records()).filter((record) => 'connection' in record);
      expect(records.map(({ type }) => type)).toEqual(['connect', 'message', 'disconnect', 'connect']);
      const [first, lastWill, end, second] = records as Extract<JournalRecord, { connection: string }>[];
      expect(lastWill).toMatchObject({ will: true, connection: first?.connection });
      expect(end?.connection).toBe(first?.connection);
      expect(second?.connection).not.toBe(first?.connection);
    }, soon);
  });

  it('ends a connection that announces a 10 MB packet, before and after its login, without collecting it', async () => {
    const before = process.memoryUsage.rss();
    for (const login of [undefined, 's1/door-1']) {
      const socket = await rawSocket(login);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      // A PUBLISH (or CONNECT) of 10 MB: remaining length 0x85 0x84 0x80 0x05 and bytes that never stop.
      socket.write(Buffer.from([login === undefined ? 0x10 : 0x32, 0x80, 0x80, 0x80, 0x05]));
      const chunk = Buffer.alloc(65_536);
      const pump = setInterval(() => socket.write(chunk), 1);
      await closed;
      clearInterval(pump);
    }
    expect(counter('oversized')).toBe(2);
    expect(process.memoryUsage.rss() - before).toBeLessThan(40 * 1_048_576);
  });

  it('speaks MQTT over WebSocket', async () => {
    const client = connect(`ws://127.0.0.1:${bed.broker.ports().ws}`, {
      username: 's1/door-1',
      password: secrets['s1/door-1']!,
      clientId: 's1/door-1',
      reconnectPeriod: 0,
    });
    await new Promise((resolve) => client.once('connect', resolve));
    await client.publishAsync('ws/1/s1/door-1/telemetry', 'over ws', { qos: 1 });
    expect((await messages())[0]?.payload.toString()).toBe('over ws');
    client.end(true);
  });

  it('serves others while a subscriber reads nothing', async () => {
    const frozen = await rawSocket('s1/door-1');
    frozen.write(subscribePacket('ws/1/s1/door-1/command'));
    frozen.pause();
    const healthy = await bed.client('s1');
    await healthy.subscribeAsync('ws/1/s1/+/command', { qos: 0 });
    let received = 0;
    healthy.on('message', () => {
      received += 1;
    });
    const password = serviceSecret(loadSecretKey(bed.config.secretKeyFile), 'dashboard');
    const service = await bed.client('service:dashboard', { password });
    const big = Buffer.alloc(60_000, 'x');
    for (let count = 0; count < 200; count += 1) service.publish('ws/1/s1/door-1/command', big, { qos: 0 });
    const sentAt = Date.now();
    await vi.waitFor(() => expect(received).toBe(200), { timeout: 15_000, interval: 50 });
    expect(Date.now() - sentAt).toBeLessThan(2_000);
    const since = Date.now();
    await service.publishAsync('ws/1/s1/door-1/command', 'small', { qos: 1 });
    await vi.waitFor(() => expect(received).toBe(201), soon);
    expect(Date.now() - since).toBeLessThan(1_000);
    const other = await bed.client('s1/water-1');
    await other.publishAsync('ws/1/s1/water-1/telemetry', 'x', { qos: 1 });
    expect(Date.now() - since).toBeLessThan(1_000);
    frozen.destroy();
  });
});

describe('a broker with small limits', () => {
  afterEach(() => bed.stop());

  it('slows a burst without losing any of it, and nobody else waits', async () => {
    bed = await startTestbed({ MAX_PUBLISHES_PER_SECOND: '20' });
    const noisy = await bed.client('s1/door-1');
    const since = Date.now();
    const burst = Promise.all(
      Array.from({ length: 230 }, (_, index) =>
        noisy.publishAsync('ws/1/s1/door-1/telemetry', String(index), { qos: 1 }),
      ),
    );
    const quiet = await bed.client('s1/water-1');
    await quiet.publishAsync('ws/1/s1/water-1/telemetry', 'quiet', { qos: 1 });
    expect(Date.now() - since).toBeLessThan(1_000);
    await burst;
    expect(Date.now() - since).toBeGreaterThan(1_000);
    const seen = (await messages())
      .filter(({ login }) => login === 's1/door-1')
      .map(({ payload }) => payload.toString());
    expect(seen).toEqual(Array.from({ length: 230 }, (_, index) => String(index)));
    expect(counter('slowed')).toBeGreaterThan(0);
  });

  it('turns away connections over the limit of an address', async () => {
    bed = await startTestbed({ MAX_CONNECTIONS_PER_ADDRESS: '2' });
    await bed.client('s1/door-1');
    await bed.client('s1/water-1');
    await expect(bed.client('s2/door-1')).rejects.toThrow();
    expect(counter('connections_refused_per_address')).toBeGreaterThan(0);
  });

  it('refuses a payload over the limit', async () => {
    bed = await startTestbed({ MAX_PACKET_BYTES: '1024' });
    const client = await bed.client('s1/door-1');
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish('ws/1/s1/door-1/telemetry', Buffer.alloc(1_100), { qos: 1 });
    await closed;
    expect(await messages()).toEqual([]);
  });
});

async function rawSocket(login: string | undefined): Promise<Socket> {
  const socket = connectSocket(bed.broker.ports().mqtt, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  if (login === undefined) return socket;
  const { generate } = await import('mqtt-packet');
  socket.write(
    generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: login,
      keepalive: 60,
      username: login,
      password: Buffer.from(secrets[login]!),
    }),
  );
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

function subscribePacket(filter: string): Buffer {
  const topic = Buffer.from(filter);
  return Buffer.concat([
    Buffer.from([0x82, 5 + topic.length, 0, 1, 0, topic.length]),
    topic,
    Buffer.from([0]),
  ]);
}
