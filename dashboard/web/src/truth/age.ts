/** An age in the largest whole unit, as screens say it. */
export interface Age {
  readonly value: number;
  readonly unit: 'second' | 'minute' | 'hour' | 'day';
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Age of an instant at server time `now`, both epoch ms. An instant ahead of the clock is 0 seconds old. */
export function ageOf(at: number, now: number): Age {
  const ms = Math.max(0, now - at);
  if (ms < minuteMs) return { value: Math.floor(ms / 1000), unit: 'second' };
  if (ms < hourMs) return { value: Math.floor(ms / minuteMs), unit: 'minute' };
  if (ms < 2 * dayMs) return { value: Math.floor(ms / hourMs), unit: 'hour' };
  return { value: Math.floor(ms / dayMs), unit: 'day' };
}
