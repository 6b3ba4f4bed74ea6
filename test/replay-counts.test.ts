import { afterEach, expect, it } from 'vitest';
import { parseCountFile } from '../device-sim/src/replay/count-file.ts';
import { replayCounts } from '../device-sim/src/replay/replay-counts.ts';
import { chanceOf } from '../device-sim/src/world/chance.ts';
import { zoneOf } from '../shared/src/runtime/zone.ts';
import { eventually, type Platform, runProgram, startPlatform } from './platform.ts';

let platform: Platform | undefined;
afterEach(() => platform?.stop());

const zone = zoneOf('America/Los_Angeles');
const intervalMs = 1_800_000;
const days = 9;
const district = (id: string) => `
district: { name: Test, zone: ${zone.name} }
units: [{ id: u1, name: One, type: 街道 }]
stations: [{ id: ${id}, unit: u1, name: ${id}, devices: [{ id: door-1, kind: door-counter, reportingIntervalS: 1800 }] }]
`;

/** A made-up door over the autumn change of the clocks, so that one day has 25 hours. */
function madeUpCounts(): { csv: string; perDay: Map<number, { in: number; out: number }> } {
  const chance = chanceOf('counts');
  const start = zone.fromLocal(Date.UTC(2026, 9, 28));
  const lines = ['timestamp,in_count,out_count,is_anomaly'];
  const perDay = new Map<number, { in: number; out: number }>();
  for (
    let at = start;
    perDay.size < days || zone.dayStart(at) === [...perDay.keys()].at(-1);
    at += intervalMs
  ) {
    const local = new Date(at + zone.offsetMs(at)).toISOString().slice(0, 19).replace('T', ' ');
    // The hour that comes twice cannot be written in local time without an offset: it counts nobody.
    const isRepeated = zone.fromLocal(Date.parse(`${local.replace(' ', 'T')}Z`)) !== at;
    const row = isRepeated
      ? { in: 0, out: 0 }
      : { in: Math.floor(chance.next() * 30), out: Math.floor(chance.next() * 30) };
    if (!isRepeated) lines.push(`${local},${row.in},${row.out},0`);
    const day = perDay.get(zone.dayStart(at)) ?? { in: 0, out: 0 };
    perDay.set(zone.dayStart(at), { in: day.in + row.in, out: day.out + row.out });
  }
  return { csv: lines.join('\n'), perDay };
}

interface Trends {
  rows: { start: number; sum: number }[];
}

it('gives the same sums per day as the file, in order, twice, shuffled and doubled', async () => {
  const { csv, perDay } = madeUpCounts();
  const file = parseCountFile(csv, zone);
  platform = await startPlatform({ district: district('twice') });
  const { env, mqttPort, get } = platform;
  const { writeFileSync } = await import('node:fs');
  for (const id of ['shuffled', 'doubled']) {
    const path = `${platform.dataDir}/${id}.yaml`;
    writeFileSync(path, district(id));
    expect(runProgram('dashboard/src/admin/main.ts', ['import', path], env).status).toBe(0);
  }
  const secretOf = (station: string) =>
    runProgram('dashboard/src/admin/main.ts', ['login', 'replay', station], env)
      .stdout.trim()
      .split(' ')
      .at(-1)!;
  const play = async (
    station: string,
    secret: string,
    more: { shuffleWithinMs?: number; duplicateShare?: number } = {},
  ) =>
    replayCounts(file, {
      url: `mqtt://127.0.0.1:${mqttPort}`,
      station,
      device: 'door-1',
      secret,
      seed: station,
      shuffleWithinMs: 0,
      duplicateShare: 0,
      ...more,
    });

  const secrets = { twice: secretOf('twice'), shuffled: secretOf('shuffled'), doubled: secretOf('doubled') };
  // The broker looks at the registry once a second: the first attempt may come too early.
  await eventually(() => play('twice', secrets.twice), 10_000, 500);
  await play('twice', secrets.twice);
  await eventually(() => play('shuffled', secrets.shuffled, { shuffleWithinMs: 3_600_000 }), 10_000, 500);
  await eventually(() => play('doubled', secrets.doubled, { duplicateShare: 0.1 }), 10_000, 500);

  const [from, to] = [Math.min(...perDay.keys()), Math.max(...perDay.keys()) + 1];
  for (const station of Object.keys(secrets)) {
    for (const [metric, side] of [
      ['entries', 'in'],
      ['exits', 'out'],
    ] as const) {
      await eventually(async () => {
        const { rows } = await get<Trends>(
          `/api/v1/trends?metric=${metric}&level=day&group=station&station=${station}&from=${from}&to=${to}`,
        );
        expect(rows.map(({ start, sum }) => [start, sum])).toEqual(
          [...perDay].map(([day, counts]) => [day, counts[side]]),
        );
      }, 20_000);
    }
  }
}, 90_000);

it.each([
  [
    'a stamp with unequal counts',
    '2026-01-01 00:00:00,1,1\n2026-01-01 00:30:00,2,2\n2026-01-01 00:30:00,3,2',
    /Line 4: .*twice with unequal counts/,
  ],
  [
    'a word where a number belongs',
    '2026-01-01 00:00:00,many,1\n2026-01-01 00:30:00,1,1',
    /Line 2: in_count must be a whole number/,
  ],
  [
    'a time that the clocks skipped',
    '2026-03-08 02:30:00,1,1\n2026-03-08 03:00:00,1,1',
    /Line 2: .*does not exist/,
  ],
])('refuses %s, naming the line', (_name, rows, message) => {
  expect(() => parseCountFile(`timestamp,in_count,out_count\n${rows}`, zone)).toThrow(message);
});
