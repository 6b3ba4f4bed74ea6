import type { Device } from '@waystation/shared/contracts/registry-documents';
import type { DeviceTwin } from '@waystation/shared/contracts/twin';
import { type Edge, parseCell, writeCell } from './cell.ts';
import type { DirtyCell } from './cell-shelves.ts';
import type { ClockOffsets } from './clock-offset.ts';
import { type DeviceState, newDeviceState, type SessionMemory } from './device-state.ts';
import type { Values } from './measured.ts';
import { flowFields } from './measured.ts';

type EdgeRow = readonly [number, number, Values];
type SessionRow = readonly [
  session: string,
  receivedAt: number,
  runs: number[],
  head: readonly [...EdgeRow, number] | 0,
  top: EdgeRow | 0,
];
interface MemoryRow {
  /** dataAt, dataSeq, dataReplaced */
  readonly n: readonly [number, number, 0 | 1];
  readonly t: number[];
  readonly d: readonly [number, number, number[]];
  readonly c: string | null;
  readonly o: ClockOffsets;
  readonly r: number | null;
  readonly s: readonly SessionRow[];
  /** The open cell, while it waits to be written to its own table: hour, touchedAt, body. */
  readonly h?: readonly [number, number, string];
}

/** The reducer's own memory of a device as JSON. Sessions that did not change are not written anew: only one does as a rule. */
export function writeMemory(device: DeviceState, open?: DirtyCell): string {
  const head = JSON.stringify({
    n: [device.dataAt, device.dataSeq, device.dataReplaced ? 1 : 0],
    t: device.totals,
    d: [device.dayStart, device.dayEnd, device.today],
    c: device.connection,
    o: device.offsets,
    r: device.resetAt,
  });
  let sessions = '';
  for (const session of device.sessions.values()) {
    session.written ??= writeSession(session);
    sessions = sessions === '' ? session.written : `${sessions},${session.written}`;
  }
  const cell = open === undefined ? '' : `${openCellKey}${JSON.stringify(openCellRow(open))}`;
  return `${head.slice(0, -1)},"s":[${sessions}]${cell}}`;
}

const openCellKey = ',"h":';
const openCellRow = ({ hour, touchedAt, cell }: DirtyCell): MemoryRow['h'] => [
  hour,
  touchedAt,
  writeCell(cell),
];

/** The open cell that the row of its device carries. */
export function readOpenCell(station: string, device: string, memory: string): DirtyCell | undefined {
  // Most rows carry none: they need not be parsed for it.
  if (!memory.includes(openCellKey)) return undefined;
  const { h } = JSON.parse(memory) as MemoryRow;
  return h && { station, device, hour: h[0], touchedAt: h[1], cell: parseCell(h[2]) };
}

function writeSession(session: SessionMemory): string {
  const { head, top } = session;
  const row: SessionRow = [
    session.session,
    session.receivedAt,
    session.runs,
    head === null ? 0 : [head.seq, head.at, head.values, head.hour],
    top === null ? 0 : [top.seq, top.at, top.values],
  ];
  return JSON.stringify(row);
}

/** A device as its row in `device_twin` keeps it (our own file: its shape is trusted). */
export function readDevice(registered: Device, body: string, memory: string): DeviceState {
  const twin = JSON.parse(body) as DeviceTwin;
  const row = JSON.parse(memory) as MemoryRow;
  const device = newDeviceState(registered);
  // Replaced by a device of another kind: what was measured before says nothing about it.
  if (twin.kind !== registered.kind) return device;
  const width = flowFields[registered.kind].length;
  Object.assign(device.counters, twin.counters);
  Object.assign(device, {
    state: twin.state,
    faults: twin.faults,
    data: twin.data,
    dataAt: row.n[0],
    dataSeq: row.n[1],
    dataReplaced: row.n[2] === 1,
    receivedAt: twin.receivedAt,
    online: twin.online,
    onlineChangedAt: twin.onlineChangedAt,
    session: twin.session,
    model: twin.model,
    firmware: twin.firmware,
    totals: row.t.slice(0, width),
    dayStart: row.d[0],
    dayEnd: row.d[1],
    today: row.d[2].slice(0, width),
    connection: row.c,
    offsets: row.o,
    resetAt: row.r,
    // The first tick looks at every device once.
    nextCheckAt: 0,
    isDirty: false,
  });
  for (const [session, receivedAt, runs, head, top] of row.s) {
    device.sessions.set(session, {
      session,
      receivedAt,
      runs,
      head: head === 0 ? null : { ...edge(head), hour: head[3] },
      top: top === 0 ? null : edge(top),
      written: undefined,
    });
  }
  return device;
}

const edge = (row: readonly [number, number, Values, ...unknown[]]): Edge => ({
  seq: row[0],
  at: row[1],
  values: row[2],
});
