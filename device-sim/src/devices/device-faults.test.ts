import { deviceSchema } from '@waystation/shared/contracts/registry-documents';
import { expect, it } from 'vitest';
import type { MadeReading } from '../fleet/station-run.ts';
import { type DeviceFaults, FaultyDevice, noFaults } from './device-faults.ts';

const device = deviceSchema.parse({ station: 's1', id: 'door-1', kind: 'door-counter' });
const minuteMs = 60_000;

/** 1,000 minutes in each of which one person comes in and one goes out; what was handed over, parsed where it can be. */
function handed(faults: Partial<DeviceFaults>) {
  const faulty = new FaultyDevice({ ...noFaults, ...faults }, 'test');
  return Array.from(
    { length: 1_000 },
    (_, index): MadeReading => ({
      device,
      session: 'd1',
      seq: index,
      at: index * minuteMs,
      data: { in: index + 1, out: index },
    }),
  )
    .map((reading) => faulty.take(reading))
    .map((messages) =>
      messages.map(({ text }) => {
        try {
          return JSON.parse(text) as {
            session: string;
            seq: number;
            at: number;
            late?: boolean;
            data: { in: number; out: number };
          };
        } catch {
          return undefined;
        }
      }),
    );
}

const healthy = handed({}).flat();
const last = (faults: Partial<DeviceFaults>) => handed(faults).flat().at(-1)!;

it('hands over every reading as it is when there is no fault', () => {
  expect(healthy).toHaveLength(1_000);
  expect(healthy.at(-1)).toMatchObject({ session: 'd1', seq: 999, data: { in: 1_000, out: 999 } });
});

it('misses and doubles people', () => {
  expect(last({ missShare: 0.1 }).data.in).toBeGreaterThan(850);
  expect(last({ missShare: 0.1 }).data.in).toBeLessThan(950);
  expect(last({ doubleShare: 0.1 }).data.in).toBeGreaterThan(1_050);
});

it('exchanges in and out', () => {
  expect(last({ swap: true }).data).toEqual({ in: 999, out: 1_000 });
});

it('is silent in a share of the minutes', () => {
  const count = handed({ silentShare: 0.3 }).flat().length;
  expect(count).toBeGreaterThan(620);
  expect(count).toBeLessThan(780);
});

it('starts anew with a new session and counters from 0', () => {
  const readings = handed({ rebootEveryMs: 100 * minuteMs }).flat();
  expect(new Set(readings.map((reading) => reading?.session)).size).toBe(10);
  expect(readings.at(-1)?.data.in).toBeLessThan(101);
});

it('has a wrong clock', () => {
  expect(last({ clockErrorMs: -5_000 }).at).toBe(healthy.at(-1)!.at - 5_000);
});

it('sends some readings twice and some out of order, and loses none', () => {
  expect(handed({ duplicateShare: 0.2 }).flat().length).toBeGreaterThan(1_150);
  const disordered = handed({ disorderShare: 0.2 })
    .flat()
    .map((reading) => reading!.seq);
  expect(disordered).not.toEqual([...disordered].sort((a, b) => a - b));
  expect(new Set(disordered).size).toBeGreaterThanOrEqual(999);
});

it('buffers and hands over late, in order', () => {
  const messages = handed({ bufferMs: 60 * minuteMs });
  expect(messages.slice(0, 60).flat()).toEqual([]);
  expect(messages[60]).toHaveLength(61);
  expect(messages[60]?.every((reading) => reading?.late === true)).toBe(true);
});

it('breaks some messages', () => {
  const broken = handed({ brokenShare: 0.1 })
    .flat()
    .filter((reading) => reading === undefined).length;
  expect(broken).toBeGreaterThan(60);
  expect(broken).toBeLessThan(140);
});

it('hands over the same bytes for the same seed', () => {
  const all = { missShare: 0.1, duplicateShare: 0.1, disorderShare: 0.1, brokenShare: 0.1 };
  expect(handed(all)).toEqual(handed(all));
});
