import { rmSync } from 'node:fs';
import type { JournalRecord } from '@waystation/shared/contracts/journal-record';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  device,
  deviceTwin,
  message,
  midnight,
  openTestJournal,
  readTables,
  register,
  startState,
  stationTwinOf,
  temporaryFolder,
} from './state-testbed.ts';

const door = 's1/door-1';
const noon = midnight + 12 * 3_600_000;

describe('the state consumer', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = temporaryFolder();
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  /** Writes the records behind the settings and lets ingest take them all in. */
  const run = async (records: readonly JournalRecord[], devices = standard) => {
    const revision = await register(dataDir, devices);
    const journal = await openTestJournal(dataDir);
    await journal.write([
      { type: 'start', receivedAt: noon - 1_000, version: 't' },
      { type: 'settings', receivedAt: noon - 1_000, revision },
      ...records,
    ]);
    const state = startState(dataDir, journal);
    await state.caughtUp();
    const metrics = state.consumer.metrics();
    expect(state.consumer.problems()).toEqual([]);
    await state.stop();
    await journal.close();
    return metrics;
  };
  const standard = [
    device('s1', 'door-1', 'door-counter'),
    device('s1', 'water-1', 'water-dispenser', { capacityMl: 18_900 }),
    device('s1', 'locker-1', 'charging-locker'),
    device('s1', 'microwave-1', 'microwave'),
    device('s1', 'lock-1', 'door-lock'),
  ];
  const count = (receivedAt: number, seq: number, entered: number, left: number, more = {}) =>
    message(receivedAt, door, {
      session: 'a',
      seq,
      at: receivedAt - 20,
      kind: 'door-counter',
      data: { in: entered, out: left },
      ...more,
    });
  const connect = (receivedAt: number, connection: string, login = door): JournalRecord => ({
    type: 'connect',
    receivedAt,
    connection,
    login,
    clientId: login,
    address: '127.0.0.1',
  });
  const disconnect = (receivedAt: number, connection: string, login = door): JournalRecord => ({
    type: 'disconnect',
    receivedAt,
    connection,
    login,
    reason: 'closed',
  });
  const tick = (receivedAt: number): JournalRecord => ({ type: 'tick', receivedAt });

  it('shows the newest value, what was counted today and who is inside', async () => {
    await run([
      count(noon, 0, 3, 1),
      count(noon + 60_000, 1, 7, 2),
      message(noon, 's1/water-1', {
        session: 'w',
        seq: 0,
        at: noon,
        kind: 'water-dispenser',
        data: { levelMl: 9_000, hotC: 91 },
      }),
      message(noon, 's1/water-1', {
        session: 'w',
        seq: 1,
        at: noon + 1_000,
        kind: 'water-dispenser',
        data: { leak: true },
      }),
      message(noon, 's1/locker-1', {
        session: 'l',
        seq: 0,
        at: noon,
        kind: 'charging-locker',
        data: {
          cells: [
            { id: '1', state: 'free' },
            { id: '2', state: 'occupied' },
          ],
        },
      }),
      message(noon, 's1/lock-1', {
        session: 'k',
        seq: 0,
        at: noon,
        kind: 'door-lock',
        data: { locked: false, open: true },
      }),
    ]);
    expect(deviceTwin(dataDir, 's1', 'door-1')).toMatchObject({
      state: 'ok',
      data: { in: 7, out: 2 },
      totals: { in: 7, out: 2 },
      today: { day: midnight, totals: { in: 7, out: 2 } },
      clockOffsetMs: 20,
    });
    expect(deviceTwin(dataDir, 's1', 'water-1')).toMatchObject({
      state: 'fault',
      faults: ['leak'],
      data: { levelMl: 9_000, hotC: 91, leak: true },
    });
    expect(stationTwinOf(dataDir, 's1')).toMatchObject({
      entriesToday: { value: 7, state: 'ok' },
      occupancyRaw: { value: 5 },
      occupancy: { value: 5 },
      cellsFree: { value: 1 },
      cellsTotal: { value: 2 },
      waterMl: { value: 9_000 },
      waterCapacityMl: 18_900,
      microwavesIdle: { value: null, state: 'never' },
      doorLocked: { value: 0 },
      devices: { ok: 3, fault: 1, never: 1, stale: 0, total: 5 },
    });
  });

  it('counts a repeated reading once and withholds it from the store', async () => {
    const metrics = await run([
      count(noon, 0, 3, 1),
      count(noon + 1, 0, 3, 1),
      message(noon + 2, door, {
        session: 'a',
        kind: 'door-counter',
        readings: [
          { seq: 0, at: noon, data: { in: 3, out: 1 } },
          { seq: 1, at: noon + 60, data: { in: 4, out: 1 } },
          { seq: 1, at: noon + 60, data: { in: 4, out: 1 } },
        ],
      }),
    ]);
    expect(metrics).toMatchObject({ waystation_ingest_readings: 2, waystation_ingest_repeats: 3 });
    expect(readTables(dataDir)['withheld']?.map((row) => (row as { readings: string }).readings)).toEqual([
      '*',
      '[0,2]',
    ]);
    expect(deviceTwin(dataDir, 's1', 'door-1').totals).toEqual({ in: 4, out: 1 });
  });

  it('keeps what it cannot use with a reason that names the field, and loses nothing else', async () => {
    await run([
      message(noon, door, '{"session":'),
      count(noon, 0, 'three' as unknown as number, 1),
      message(noon, 's1/door-9', {
        session: 'a',
        seq: 0,
        at: noon,
        kind: 'door-counter',
        data: { in: 1, out: 1 },
      }),
      message(noon, door, { session: 'a', seq: 1, at: noon, kind: 'help-button', data: { presses: 1 } }),
      message(noon, door, {
        session: 'a',
        kind: 'door-counter',
        readings: [
          { seq: 2, at: noon, data: { in: 5, out: 0 } },
          { seq: -1, at: noon, data: { in: 5, out: 0 } },
          { seq: 3, at: noon + 1, data: { in: 6 } },
          { seq: 4, at: noon + 2, data: { in: 6, out: 1, extra: 1 } },
        ],
      }),
    ]);
    const rejected = readTables(dataDir)['rejected'] as { reason: string; message: string; device: string }[];
    expect(rejected.map(({ reason }) => reason)).toEqual([
      'not_json',
      'bad_data',
      'unknown_device',
      'wrong_kind',
      'bad_envelope',
      'bad_data',
    ]);
    expect(rejected[1]?.message).toMatch(/^data\.in: .*string/);
    expect(rejected[4]?.message).toMatch(/^readings\.1\.seq: /);
    expect(rejected[5]?.message).toMatch(/^data\.out: /);
    expect(deviceTwin(dataDir, 's1', 'door-1')).toMatchObject({
      totals: { in: 6, out: 1 },
      counters: { accepted: 2, rejected: 5 },
    });
    expect(readTables(dataDir)['counters']).toContainEqual({ name: 'dropped_fields', value: 1 });
  });

  it('does not believe a clock far ahead or 35 days behind: totals count it, hours do not', async () => {
    await run([
      count(noon, 0, 3, 0, { at: noon + 6 * 60_000 }),
      count(noon + 60_000, 1, 5, 0, { at: noon - 36 * 86_400_000 }),
      message(
        noon + 61_000,
        door,
        {
          session: 'old',
          seq: 0,
          at: noon - 100 * 86_400_000,
          kind: 'door-counter',
          data: { in: 2, out: 0 },
        },
        { login: 's1:replay' },
      ),
    ]);
    expect(deviceTwin(dataDir, 's1', 'door-1')).toMatchObject({
      at: noon + 60_000,
      totals: { in: 7 },
      faults: ['clock-offset'],
      counters: { clockReplaced: 2 },
    });
    const cells = readTables(dataDir)['cells'] as { hour: number }[];
    expect(cells.every(({ hour }) => hour < noon - 99 * 86_400_000)).toBe(true);
  });

  it('calls a value stale by the ticks alone, and today ends at midnight without a message', async () => {
    await run([count(noon, 0, 3, 1), tick(noon + 170_000)]);
    expect(stationTwinOf(dataDir, 's1').entriesToday).toMatchObject({ value: 3, state: 'ok' });
    const journal = await openTestJournal(dataDir);
    await journal.write([tick(noon + 190_000), tick(midnight + 86_400_000)]);
    const state = startState(dataDir, journal);
    await state.caughtUp();
    await state.stop();
    await journal.close();
    expect(deviceTwin(dataDir, 's1', 'door-1').state).toBe('stale');
    expect(stationTwinOf(dataDir, 's1').entriesToday).toMatchObject({ value: 0, state: 'stale' });
    expect(stationTwinOf(dataDir, 's1').devices).toMatchObject({ stale: 1, never: 4 });
  });

  it('keeps a newer value on the page when a late one comes, and corrects the totals', async () => {
    await run([count(noon, 5, 10, 0), count(noon + 1_000, 3, 4, 0, { at: noon - 120_000, late: true })]);
    expect(deviceTwin(dataDir, 's1', 'door-1')).toMatchObject({
      data: { in: 10 },
      totals: { in: 10 },
      clockOffsetMs: 20,
    });
  });

  const will = (receivedAt: number, connection: string) =>
    message(
      receivedAt,
      door,
      { session: 'a', online: false },
      { will: true, connection, topic: `ws/1/${door}/status` },
    );
  for (const [name, records, online] of [
    ['a connect', [connect(noon, 'c1')], true],
    ['a disconnect', [connect(noon, 'c1'), disconnect(noon + 1, 'c1')], false],
    [
      'a take-over with a late disconnect',
      [connect(noon, 'c1'), connect(noon + 1, 'c2'), disconnect(noon + 2, 'c1')],
      true,
    ],
    [
      'a take-over with a late will',
      [connect(noon, 'c1'), connect(noon + 1, 'c2'), will(noon + 2, 'c1'), will(noon + 3, '')],
      true,
    ],
    ['a will of its own connection', [connect(noon, 'c1'), will(noon + 1, 'c1')], false],
    ['a broker start', [connect(noon, 'c1'), { type: 'start', receivedAt: noon + 1, version: 't' }], false],
    [
      'a broker start and a new connect',
      [
        connect(noon, 'c1'),
        { type: 'start', receivedAt: noon + 1, version: 't' },
        connect(noon + 2, 'c2'),
        disconnect(noon + 3, 'c1'),
      ],
      true,
    ],
  ] as [string, JournalRecord[], boolean][]) {
    it(`knows after ${name} that the device is ${online ? 'online' : 'offline'}`, async () => {
      await run(records);
      expect(deviceTwin(dataDir, 's1', 'door-1').online).toBe(online);
    });
  }

  it('sees devices behind a gateway by what they say through it', async () => {
    const through = { login: 's1', connection: 'g1' };
    const records = [
      connect(noon, 'g1', 's1'),
      message(
        noon + 1,
        door,
        { session: 'a', online: true, firmware: '1.2' },
        { ...through, topic: `ws/1/${door}/status` },
      ),
      message(
        noon + 2,
        's1/lock-1',
        { session: 'k', seq: 0, at: noon, kind: 'door-lock', data: { locked: true, open: false } },
        through,
      ),
    ];
    await run(records);
    expect(deviceTwin(dataDir, 's1', 'door-1')).toMatchObject({ online: true, firmware: '1.2' });
    expect(deviceTwin(dataDir, 's1', 'lock-1').online).toBe(true);
    expect(deviceTwin(dataDir, 's1', 'water-1').online).toBe(null);
    const journal = await openTestJournal(dataDir);
    await journal.write([connect(noon + 3, 'g2', 's1'), disconnect(noon + 4, 'g1', 's1')]);
    const state = startState(dataDir, journal);
    await state.caughtUp();
    expect(deviceTwin(dataDir, 's1', 'door-1').online).toBe(true);
    await journal.write([disconnect(noon + 5, 'g2', 's1')]);
    await state.caughtUp();
    await state.stop();
    await journal.close();
    expect(deviceTwin(dataDir, 's1', 'door-1')).toMatchObject({ online: false, onlineChangedAt: noon + 5 });
  });

  it('lets a changed setting hold from its frame on', async () => {
    await run([count(noon, 0, 10, 2)]);
    const revision = await register(dataDir, [
      device('s1', 'door-1', 'door-counter', { swapDirection: true }),
      ...standard.slice(1),
    ]);
    const journal = await openTestJournal(dataDir);
    await journal.write([
      { type: 'settings', receivedAt: noon + 1, revision },
      count(noon + 60_000, 1, 11, 5),
    ]);
    const state = startState(dataDir, journal);
    await state.caughtUp();
    await state.stop();
    await journal.close();
    expect(deviceTwin(dataDir, 's1', 'door-1')).toMatchObject({
      data: { in: 5, out: 11 },
      totals: { in: 13, out: 3 },
    });
  });
});
