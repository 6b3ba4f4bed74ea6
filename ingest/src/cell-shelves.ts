import type { CellShelf } from './book-reading.ts';
import { type CellBody, parseCell } from './cell.ts';

/** Where cells that are not at hand come from. */
export interface CellSource {
  read(station: string, device: string, hour: number): string | undefined;
  neighbour(station: string, device: string, hour: number, direction: -1 | 1): number | undefined;
}

export interface DirtyCell {
  readonly station: string;
  readonly device: string;
  readonly hour: number;
  readonly cell: CellBody;
  readonly touchedAt: number;
}

interface Entry {
  readonly station: string;
  readonly device: string;
  readonly hour: number;
  cell: CellBody;
  isDirty: boolean;
  /** Receive time of the record that touched it first since the last commit. */
  touchedAt: number;
  readonly shelf: Map<number, Entry>;
}

/** Clean cells kept at hand between commits: at least these, and one and a quarter per device (its present hour, and some late ones); the longest unused go first. */
const minCells = 20_000;
const cellsPerDevice = 1.25;

/** The cells of all devices: the recent ones in memory, the others in `state.db`. */
export interface CellShelves {
  of(station: string, device: string): CellShelf;
  /** Cells that changed since the last `settled`. */
  dirty(): DirtyCell[];
  /** The dirty cells are in the table now. */
  settled(devices: number): void;
  size(): number;
}

export function createCellShelves(source: CellSource, now: () => number): CellShelves {
  const recent = new Set<Entry>();
  let dirty: Entry[] = [];

  const keep = (entries: Map<number, Entry>, entry: Entry) => {
    entries.set(entry.hour, entry);
    recent.add(entry);
  };

  const make = (station: string, device: string) => {
    const entries = new Map<number, Entry>();
    let newest: Entry | undefined;
    const find = (hour: number): Entry | undefined => {
      if (newest?.hour === hour) return newest;
      const known = entries.get(hour);
      if (known !== undefined) {
        newest = known;
        return known;
      }
      const body = source.read(station, device, hour);
      if (body === undefined) return undefined;
      const entry = {
        station,
        device,
        hour,
        cell: parseCell(body),
        isDirty: false,
        touchedAt: 0,
        shelf: entries,
      };
      keep(entries, entry);
      newest = entry;
      return entry;
    };
    const shelf: CellShelf = {
      get: (hour) => find(hour)?.cell,
      add(hour, cell) {
        const known = find(hour);
        if (known !== undefined) {
          known.cell = cell;
          return;
        }
        newest = { station, device, hour, cell, isDirty: false, touchedAt: 0, shelf: entries };
        keep(entries, newest);
      },
      touch(hour) {
        const entry = find(hour);
        if (entry === undefined || entry.isDirty) return;
        entry.isDirty = true;
        entry.touchedAt = now();
        dirty.push(entry);
        recent.delete(entry);
        recent.add(entry);
      },
      neighbour(hour, direction) {
        let best = source.neighbour(station, device, hour, direction);
        for (const at of entries.keys()) {
          const isBeyond = direction === 1 ? at > hour : at < hour;
          const isNearer = best === undefined || (direction === 1 ? at < best : at > best);
          if (isBeyond && isNearer) best = at;
        }
        return best;
      },
    };
    const forget = (entry: Entry) => {
      if (newest === entry) newest = undefined;
    };
    return { shelf, forget };
  };

  const all = new Map<string, ReturnType<typeof make>>();
  return {
    of(station, device) {
      const key = `${station}/${device}`;
      let known = all.get(key);
      if (known === undefined) {
        known = make(station, device);
        all.set(key, known);
      }
      return known.shelf;
    },
    dirty: () => [...dirty],
    settled(devices) {
      const maxCells = Math.max(minCells, devices * cellsPerDevice);
      for (const entry of dirty) entry.isDirty = false;
      dirty = [];
      for (const entry of recent) {
        if (recent.size <= maxCells) break;
        recent.delete(entry);
        entry.shelf.delete(entry.hour);
        all.get(`${entry.station}/${entry.device}`)?.forget(entry);
      }
    },
    size: () => recent.size,
  };
}
