import type { Config } from '@waystation/shared/runtime/config';
import type { Problem } from '@waystation/shared/runtime/status-file';
import type { ConsumerPosition } from './state-db.ts';

/** What the store writer's thread is started with (`workerData`). */
export interface StoreWriterStart {
  readonly config: Config;
  /** Row `store` of table `position`; undefined at the first start. */
  readonly from: ConsumerPosition | undefined;
}

/** State consumer -> store writer. Only the newest `committed` counts. */
export type ToStoreWriter =
  | {
      readonly type: 'committed';
      readonly generation: string;
      readonly offset: number;
      readonly revision: number;
    }
  | { readonly type: 'stop' };

/** Store writer -> state consumer, which is the only writer of state.db. */
export type FromStoreWriter =
  /** Everything before `offset`, and every cell up to `revision`, is in the telemetry store. */
  | ({ readonly type: 'position' } & ConsumerPosition)
  | {
      readonly type: 'status';
      readonly problems: readonly Problem[];
      readonly metrics: Record<string, number>;
    }
  | { readonly type: 'stopped' };
