import type { DeviceTwin, StationTwin } from './twin.ts';

/**
 * Socket.IO events of the live feed. A client subscribes to all stations ('district') or to one station with its devices, says which revision it holds
 * (0 = none, gets a snapshot), and then gets only what changed; each `changes` carries the revision it brings the client to.
 */
export interface ClientEvents {
  subscribe: (
    request: { scope: 'district' } | { scope: 'station'; station: string },
    fromRevision: number,
    answer: (outcome: { ok: true } | { ok: false; code: string; message: string }) => void,
  ) => void;
  unsubscribe: () => void;
  /** The client has drawn `revision`; the next batch waits for it, so that a slow client gets only the newest values. */
  drawn: (revision: number) => void;
}

export interface LiveBatch {
  /** True: forget what you hold, this is everything. */
  readonly snapshot: boolean;
  readonly revision: number;
  /** Server clock, epoch ms, so that ages are right on a phone with a wrong clock. */
  readonly now: number;
  readonly stations: readonly StationTwin[];
  readonly devices: readonly DeviceTwin[];
}

export interface ServerEvents {
  changes: (batch: LiveBatch) => void;
  /** The registry changed: load the station list again. */
  registryChanged: (revision: number) => void;
}
