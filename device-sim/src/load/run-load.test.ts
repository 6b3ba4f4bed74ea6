import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { expect, it } from 'vitest';
import { runLoad } from './run-load.ts';

it('sends again with the same numbers what a broken connection left open, and loses nothing', async () => {
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const seen = new Map<string, number>();
  let kills = 0;
  broker.authorizePublish = (_client, packet, callback) => {
    const { session, seq } = JSON.parse(packet.payload.toString()) as { session: string; seq: number };
    const key = `${packet.topic}/${session}/${seq}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (seen.size === 500 * (kills + 1) && kills < 3) {
      kills += 1;
      for (const socket of sockets) socket.destroy();
    }
    setTimeout(callback, 2, null);
  };
  const logins = ['door-1', 'door-2', 'door-3', 'door-4'].map((id) => ({
    login: `s1/${id}`,
    secret: 'x',
    devices: [`s1/${id}`],
  }));
  const { port } = server.address() as AddressInfo;
  const result = await runLoad({
    port,
    logins,
    rate: 0,
    seconds: 1.5,
    inFlight: 20,
    session: 'x',
    spreadAddresses: true,
  });
  expect(kills).toBe(3);
  expect(result.unacknowledged).toBe(0);
  expect(result.acknowledged).toBe(result.sent);
  expect(seen.size).toBe(result.sent);
  expect(result.ledger.map(({ runs }) => runs.length)).toEqual([1, 1, 1, 1]);
  expect(result.ledger.reduce((sum, { runs }) => sum + runs[0]![1], 0)).toBe(result.sent);
  expect([...seen.values()].some((times) => times > 1)).toBe(true);
  expect(result.latency.percentile(0.5)).toBeGreaterThan(1);
  await new Promise<void>((resolve) => broker.close(resolve));
  for (const socket of sockets) socket.destroy();
  server.close();
});

it('sends as many messages as asked when it keeps a rate with few connections', async () => {
  const broker = await Aedes.createBroker();
  const server = createServer({ noDelay: true }, broker.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const logins = ['door-1', 'door-2'].map((id) => ({
    login: `s1/${id}`,
    secret: 'x',
    devices: [`s1/${id}`],
  }));
  const { port } = server.address() as AddressInfo;
  const result = await runLoad({ port, logins, rate: 2_000, seconds: 2, inFlight: 20, session: 'x' });
  expect(result.sent).toBe(4_000);
  expect(result.acknowledged).toBe(4_000);
  await new Promise<void>((resolve) => broker.close(resolve));
  server.close();
});
