import type { ClientEvents, LiveBatch, ServerEvents } from '@waystation/shared/contracts/live';
import type { DeviceTwin, StationTwin } from '@waystation/shared/contracts/twin';
import { io, type Socket } from 'socket.io-client';
import { queryClient } from '../api/queries.ts';

export type Link = 'connecting' | 'live' | 'reconnecting' | 'offline';

/** What the feed says now. A new object at each change; the maps hold only the newest value of each thing. */
export interface Live {
  readonly link: Link;
  readonly revision: number;
  readonly stations: ReadonlyMap<string, StationTwin>;
  readonly devices: ReadonlyMap<string, DeviceTwin>;
  /** Server clock minus this device's clock, ms. */
  readonly clockOffsetMs: number;
  /** Server time of the newest batch, epoch ms; null = none yet. */
  readonly heardAt: number | null;
}

const nothing: Live = {
  link: 'connecting',
  revision: 0,
  stations: new Map(),
  devices: new Map(),
  clockOffsetMs: 0,
  heardAt: null,
};
/** After this long without a connection it is called offline. */
const offlineAfterMs = 10_000;

let live = nothing;
let scope: string | undefined;
let socket: Socket<ServerEvents, ClientEvents> | undefined;
let offlineTimer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

export const getLive = (): Live => live;

export function subscribeToLive(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next: Partial<Live>): void {
  live = { ...live, ...next };
  for (const listener of listeners) listener();
}

/** Follows all stations (''), or one station with its devices. What is held of another scope is forgotten. */
export function follow(wanted: string): void {
  if (scope === wanted) return;
  scope = wanted;
  change({ revision: 0, stations: new Map(), devices: new Map(), heardAt: null });
  if (socket === undefined) open();
  else if (socket.connected) ask();
}

/** Ends the feed, at sign-out. */
export function leave(): void {
  socket?.disconnect();
  socket = undefined;
  scope = undefined;
  live = nothing;
}

function open(): void {
  socket = io({ transports: ['websocket', 'polling'], reconnectionDelayMax: 5_000 });
  socket.on('connect', () => {
    clearTimeout(offlineTimer);
    offlineTimer = undefined;
    ask();
  });
  socket.on('disconnect', lost);
  socket.on('connect_error', lost);
  socket.on('changes', apply);
  socket.on('registryChanged', () => void queryClient.invalidateQueries());
}

function lost(): void {
  if (live.link === 'offline') return;
  change({ link: 'reconnecting' });
  offlineTimer ??= setTimeout(() => change({ link: 'offline' }), offlineAfterMs);
}

function ask(): void {
  if (scope === undefined) return;
  const request =
    scope === '' ? ({ scope: 'district' } as const) : ({ scope: 'station', station: scope } as const);
  // With the revision held, a feed that was away sends only what was missed.
  socket?.emit('subscribe', request, live.revision, (outcome) => {
    if (outcome.ok) change({ link: 'live' });
  });
}

function apply(batch: LiveBatch): void {
  const stations = new Map(batch.snapshot ? [] : live.stations);
  for (const twin of batch.stations) stations.set(twin.station, twin);
  const devices = new Map(batch.snapshot ? [] : live.devices);
  for (const twin of batch.devices) devices.set(twin.device, twin);
  change({
    link: 'live',
    revision: batch.revision,
    stations,
    devices,
    clockOffsetMs: batch.now - Date.now(),
    heardAt: batch.now,
  });
  // Asking for the next only after this one is on the screen keeps a slow phone at the newest values.
  requestAnimationFrame(() => socket?.emit('drawn', batch.revision));
}
