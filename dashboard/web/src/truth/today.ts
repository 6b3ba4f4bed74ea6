import type { Figure } from '@waystation/shared/contracts/twin';
import { localDay } from './local-time.ts';
import { judgeFigure } from './truth.ts';

/**
 * A count "today" at server time `now`. A fresh count that still belongs to yesterday means nobody has come since midnight: 0.
 * An old one says nothing about today: never seen, so that yesterday's sum is not shown as today's.
 */
export function todayFigure(figure: Figure, now: number, zone: string, intervalMs: number | null): Figure {
  const state = judgeFigure(figure, now, intervalMs);
  if (figure.at === null || state === 'never') return { value: null, state: 'never', at: null };
  if (localDay(figure.at, zone) === localDay(now, zone)) return { ...figure, state };
  return state === 'ok' ? { ...figure, value: 0, state } : { value: null, state: 'stale', at: figure.at };
}
