import type { CellShelf } from './book-reading.ts';
import { type CellBody, parseCell } from './cell.ts';

/** Where cells that are not at hand come from. */
export interface CellSource {
  read(station: string, device: string, hour: number): string | undefined;
  neighbour(station: string, device: string, hour: number, direction: -1 | 1): number | undefined;
}

/** A cell to write. */
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
  /** Changed since it was last written to its table. */
  isDirty: boolean;
  /** Receive time of the record that touched it first since the last commit. */
  touchedAt: number;
  readonly shelf: Map<number, Entry>;
}

/** Clean cells kept at hand between commits: at least these, and one and a quarter per device (its present hour, and some late ones); the longest unused go first. */
const minCells = 20_000;
const cellsPerDevice = 1.25;

/**
 * Open cells written a second, so that the rollups of the present hour follow within a second at 18 stations and within 17 minutes at 20,000, at the
 * same cost; at least some with each commit.
 */
const openCellsPerSecond = 200;
const minOpenCells = 2;
const maxOpenCells = 2_000;

/** How many open cells to write when the last were written so long ago (receive time, ms). */
export function openCellsDue(elapsedMs: number): number {
  return Math.min(maxOpenCells, Math.max(minOpenCells, Math.ceil((elapsedMs / 1_000) * openCellsPerSecond)));
}

/**
 * The cells of all devices: the recent ones in memory, the others in `state.db`. The open cell of a device, that of its newest hour, changes with
 * every reading; it waits for its turn to be written while the row of its device, which is written anyway, carries it. So the pages that a
 * reading touches do not grow with the number of devices. All other cells are written with the next commit.
 */
export interface CellShelves {
  of(station: string, device: string): CellShelf;
  /** Cells to write now: all that changed and are not open, and the `openCells` open ones that have waited longest. May be asked again before `settled`. */
  dirty(openCells: number): DirtyCell[];
  /** The open cell that the row of its device must carry, because it is not among those that `dirty` last gave. */
  waiting(station: string, device: string): DirtyCell | undefined;
  /** Takes back a cell that the row of its device carried. */
  restore(cell: DirtyCell): void;
  /** What `dirty` gave is in the table now. */
  settled(devices: number): void;
  size(): number;
  /** Open cells that wait for their turn. */
  waitingCount(): number;
}

export function createCellShelves(source: CellSource, now: () => number): CellShelves {
  const recent = new Set<Entry>();
  /** Changed and not open. */
  let dirty: Entry[] = [];
  /** Open and changed, the longest waiting first. */
  const queue = new Set<Entry>();
  /** What `dirty` last gave. */
  let given = new Set<Entry>();

  const keep = (entries: Map<number, Entry>, entry: Entry) => {
    entries.set(entry.hour, entry);
    recent.add(entry);
  };

  const make = (station: string, device: string) => {
    const entries = new Map<number, Entry>();
    let newest: Entry | undefined;
    let open: Entry | undefined;
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
    const change = (entry: Entry) => {
      if (open !== undefined && entry.hour < open.hour) {
        dirty.push(entry);
        return;
      }
      if (open !== undefined && open !== entry && queue.delete(open)) dirty.push(open);
      open = entry;
      queue.add(entry);
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
        recent.delete(entry);
        recent.add(entry);
        change(entry);
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
      if (open === entry) open = undefined;
    };
    const restore = ({ hour, cell, touchedAt }: DirtyCell) => {
      const entry = { station, device, hour, cell, isDirty: true, touchedAt, shelf: entries };
      keep(entries, entry);
      change(entry);
    };
    return { shelf, forget, restore, open: () => open };
  };

  const all = new Map<string, ReturnType<typeof make>>();
  const place = (station: string, device: string) => {
    const key = `${station}/${device}`;
    let known = all.get(key);
    if (known === undefined) {
      known = make(station, device);
      all.set(key, known);
    }
    return known;
  };
  return {
    of: (station, device) => place(station, device).shelf,
    dirty(openCells) {
      given = new Set(dirty);
      let left = openCells;
      for (const entry of queue) {
        if (left <= 0) break;
        given.add(entry);
        left -= 1;
      }
      return [...given];
    },
    waiting(station, device) {
      const open = all.get(`${station}/${device}`)?.open();
      return open?.isDirty === true && !given.has(open) ? open : undefined;
    },
    restore: (cell) => place(cell.station, cell.device).restore(cell),
    settled(devices) {
      for (const entry of given) {
        entry.isDirty = false;
        queue.delete(entry);
      }
      given = new Set();
      dirty = [];
      const maxCells = Math.max(minCells, devices * cellsPerDevice);
      for (const entry of recent) {
        if (recent.size <= maxCells) break;
        recent.delete(entry);
        if (entry.isDirty) recent.add(entry);
        else {
          entry.shelf.delete(entry.hour);
          all.get(`${entry.station}/${entry.device}`)?.forget(entry);
        }
      }
    },
    size: () => recent.size,
    waitingCount: () => queue.size,
  };
}
