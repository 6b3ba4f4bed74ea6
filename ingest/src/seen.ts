/**
 * Which sequence numbers of one session were seen, as runs: [first, last, first, last, ...], ascending, never touching.
 * A session in good order is one pair however long it lasts.
 */
export type Runs = number[];

/** At the limit the lowest run is forgotten: a repeat of something that old would count as new, but nothing new is ever taken for a repeat. */
export const maxRunsPerSession = 1_024;

/** Index of the pair (its first element) that contains `seq` or is the first after it; `runs.length` when it is behind all. */
function pairAt(runs: Runs, seq: number): number {
  let low = 0;
  let high = runs.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[middle * 2 + 1] as number) < seq) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}

/** Marks `seq` as seen. Answers 'repeat' when it was before, 'forgot' when the limit cost the lowest run, else 'new'. */
export function markSeen(runs: Runs, seq: number): 'new' | 'repeat' | 'forgot' {
  const end = runs.length;
  const newest = runs[end - 1];
  if (newest !== undefined && seq === newest + 1) {
    runs[end - 1] = seq;
    return 'new';
  }
  const at = newest === undefined || seq > newest ? end : pairAt(runs, seq);
  if (at < end && (runs[at] as number) <= seq) return 'repeat';
  const joinsBefore = at > 0 && runs[at - 1] === seq - 1;
  const joinsAfter = at < end && runs[at] === seq + 1;
  if (joinsBefore && joinsAfter) runs.splice(at - 1, 2);
  else if (joinsBefore) runs[at - 1] = seq;
  else if (joinsAfter) runs[at] = seq;
  else {
    runs.splice(at, 0, seq, seq);
    if (runs.length > 2 * maxRunsPerSession) {
      runs.splice(0, 2);
      return 'forgot';
    }
  }
  return 'new';
}

/** The seen number next below and next above `seq`, which itself need not be seen. */
export function seenNeighbours(
  runs: Runs,
  seq: number,
): { below: number | undefined; above: number | undefined } {
  const at = pairAt(runs, seq);
  const first = runs[at];
  if (first !== undefined && first <= seq) {
    return {
      below: seq > first ? seq - 1 : runs[at - 1],
      above: seq < (runs[at + 1] as number) ? seq + 1 : runs[at + 2],
    };
  }
  return { below: runs[at - 1], above: first };
}
