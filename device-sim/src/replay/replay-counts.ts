import { topicOf } from '@waystation/shared/contracts/topics';
import { connectAsync } from 'mqtt';
import { type Chance, chanceOf } from '../world/chance.ts';
import type { CountFile } from './count-file.ts';

export interface ReplayCountsOptions {
  /** Address of the broker, `mqtt://...`. */
  readonly url: string;
  readonly station: string;
  readonly device: string;
  /** Secret of the login `{station}:replay`. */
  readonly secret: string;
  /** Messages change places within this long, ms; 0 = in order. */
  readonly shuffleWithinMs: number;
  /** Share of the readings that are sent twice, 0..1. */
  readonly duplicateShare: number;
  readonly seed: string;
  readonly progress?: (sent: number, total: number) => void;
}

interface CountReading {
  readonly seq: number;
  readonly at: number;
  readonly data: { readonly in: number; readonly out: number };
}

const readingsPerMessage = 100;

/** The readings of a count file: cumulative from its first row; `seq` is the interval's number since 1970, `at` its end. */
export function countReadings({ rows, intervalMs }: CountFile): CountReading[] {
  const total = { in: 0, out: 0 };
  return rows.map((row) => {
    total.in += row.in;
    total.out += row.out;
    return { seq: Math.floor(row.start / intervalMs), at: row.start + intervalMs, data: { ...total } };
  });
}

/** Plays a count file through the broker, one acknowledged message after the other; answers how many readings were sent. */
export async function replayCounts(file: CountFile, options: ReplayCountsOptions): Promise<number> {
  const login = `${options.station}:replay`;
  const client = await connectAsync(options.url, {
    username: login,
    password: options.secret,
    clientId: login,
    reconnectPeriod: 500,
  });
  const readings = disordered(countReadings(file), options);
  const topic = topicOf(options.station, options.device, 'telemetry');
  try {
    for (let from = 0; from < readings.length; from += readingsPerMessage) {
      const message = {
        session: 'replay',
        kind: 'door-counter',
        late: true,
        readings: readings.slice(from, from + readingsPerMessage),
      };
      await client.publishAsync(topic, JSON.stringify(message), { qos: 1 });
      options.progress?.(Math.min(readings.length, from + readingsPerMessage), readings.length);
    }
  } finally {
    await client.endAsync();
  }
  return readings.length;
}

function disordered(readings: readonly CountReading[], options: ReplayCountsOptions): CountReading[] {
  const chance: Chance = chanceOf(options.seed);
  const places = readings.flatMap((reading) => {
    const place = () => ({
      reading,
      place: reading.at + (chance.next() - 0.5) * 2 * options.shuffleWithinMs,
    });
    return chance.happens(options.duplicateShare) ? [place(), place()] : [place()];
  });
  return places.sort((a, b) => a.place - b.place).map(({ reading }) => reading);
}
