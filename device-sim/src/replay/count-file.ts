import { WaystationError } from '@waystation/shared/runtime/errors';
import type { Zone } from '@waystation/shared/runtime/zone';

/** What a door counted in one interval. */
export interface CountRow {
  /** First instant of the interval, epoch ms. */
  readonly start: number;
  readonly in: number;
  readonly out: number;
}
export interface CountFile {
  readonly intervalMs: number;
  readonly rows: readonly CountRow[];
}

const stampPattern = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?$/;

/**
 * Reads a CSV `timestamp,in_count,out_count,...` whose stamps are interval starts in local time. Rows that say the same twice count once.
 * @throws WaystationError `counts_invalid` naming the line: no number, an unknown stamp, one stamp with unequal counts, a local time that the zone skips.
 */
export function parseCountFile(text: string, zone: Zone): CountFile {
  const lines = text.split(/\r?\n/);
  const header = lines[0]?.split(',').map((name) => name.trim()) ?? [];
  const [stamp, entered, left] = ['timestamp', 'in_count', 'out_count'].map((name) => header.indexOf(name));
  if (
    stamp === undefined ||
    entered === undefined ||
    left === undefined ||
    Math.min(stamp, entered, left) < 0
  ) {
    throw invalid(1, 'the header must name timestamp, in_count and out_count');
  }
  const rows = new Map<number, CountRow>();
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue;
    const cells = line.split(',');
    const row = {
      start: instant(cells[stamp] ?? '', zone, index + 1),
      in: count(cells[entered], 'in_count', index + 1),
      out: count(cells[left], 'out_count', index + 1),
    };
    const known = rows.get(row.start);
    if (known !== undefined && (known.in !== row.in || known.out !== row.out))
      throw invalid(index + 1, `${cells[stamp]} stands there twice with unequal counts`);
    rows.set(row.start, row);
  }
  const sorted = [...rows.values()].sort((a, b) => a.start - b.start);
  if (sorted.length < 2) throw invalid(1, 'at least two rows are needed to know the interval');
  const intervalMs = Math.min(...sorted.slice(1).map((row, index) => row.start - sorted[index]!.start));
  return { intervalMs, rows: sorted };
}

function instant(text: string, zone: Zone, line: number): number {
  const match = stampPattern.exec(text.trim());
  if (match === null) throw invalid(line, `"${text}" is no time such as 2005-07-24 00:30:00`);
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const local = Date.UTC(year, month - 1, day, hour, minute, second || 0);
  const at = zone.fromLocal(local);
  if (at + zone.offsetMs(at) !== local)
    throw invalid(line, `${text} does not exist in ${zone.name}: the clocks were put forward`);
  return at;
}

function count(text: string | undefined, field: string, line: number): number {
  const value = Number(text);
  if (text === undefined || text.trim() === '' || !Number.isInteger(value) || value < 0)
    throw invalid(line, `${field} must be a whole number, not "${text ?? ''}"`);
  return value;
}

function invalid(line: number, what: string): WaystationError {
  return new WaystationError({
    code: 'counts_invalid',
    message: `Line ${line}: ${what}.`,
    fix: 'Correct the file.',
  });
}
