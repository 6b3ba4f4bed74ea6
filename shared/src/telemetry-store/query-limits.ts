import { WaystationError } from '../runtime/errors.ts';
import type { RawQuery, SeriesQuery } from './port.ts';

const maxBuckets = 10_000;
/** A series is made of raw readings: however wide its buckets, no call reads more than this much time of one device. */
export const maxSeriesSpanMs = 400 * 86_400_000;

/** @throws WaystationError `query_invalid` for a time or a limit that is no whole number. */
export function checkRawQuery({ from, to, limit }: RawQuery): void {
  checkWhole({ from, to, limit });
}

/** @throws WaystationError `query_invalid`, `too_many_points`, `span_too_long`. */
export function checkSeriesQuery({ from, to, everyMs }: SeriesQuery): void {
  checkWhole({ from, to, everyMs });
  if (everyMs <= 0) throw invalid(`everyMs is ${everyMs}; it must be a positive number of milliseconds.`);
  if ((to - from) / everyMs > maxBuckets)
    throw new WaystationError({
      code: 'too_many_points',
      message: `That is more than ${maxBuckets} points.`,
      fix: 'Ask for a shorter time or a larger everyMs.',
    });
  if (to - from > maxSeriesSpanMs)
    throw new WaystationError({
      code: 'span_too_long',
      message: `A series spans at most ${maxSeriesSpanMs / 86_400_000} days.`,
      fix: 'Ask for a shorter time, or for trends.',
    });
}

function checkWhole(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values))
    if (!Number.isSafeInteger(value)) throw invalid(`${name} is ${value}; it must be a whole number.`);
}

function invalid(message: string): WaystationError {
  return new WaystationError({ code: 'query_invalid', message, fix: 'Correct the query.' });
}
