import { setTimeout as sleep } from 'node:timers/promises';
import type { RollupCell } from '@waystation/shared/contracts/rollup';
import {
  type JournalReader,
  type JournalRecordAt,
  openJournalReader,
} from '@waystation/shared/journal/reader';
import { publishReaderPosition } from '@waystation/shared/journal/retention';
import { errorLine } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import type { Problem } from '@waystation/shared/runtime/status-file';
import type { TelemetryStore } from '@waystation/shared/telemetry-store/port';
import type { ConsumerPosition } from '../state-db.ts';
import { rawRows } from './raw-rows.ts';
import { rollupRound } from './rollup-round.ts';
import type { StateView } from './state-view.ts';

/** Frames read at once; a frame may hold up to 500 readings. */
const maxBatchFrames = 2_000;
const maxBatchBytes = 1_048_576;
const maxCellsPerRound = 2_000;
/** Rollups follow this long after the last round, so that a busy cell is written once a second and not once a reading. */
const rollupEveryMs = 1_000;
const firstRetryMs = 100;
const longestRetryMs = 10_000;
const publishEveryMs = 1_000;
const idleMs = 50;

export interface StoreWriterOptions {
  readonly journalDir: string;
  readonly state: StateView;
  readonly store: TelemetryStore;
  /** Where an earlier run got to; undefined = the oldest frame. */
  readonly from: ConsumerPosition | undefined;
  readonly log: Log;
  /** Everything before this is in the store. Called after each batch. */
  readonly onPosition: (position: ConsumerPosition) => void;
}

export interface StoreWriter {
  /** The state consumer has committed up to here: nothing behind it is read. */
  committed(position: { generation: string; offset: number; revision: number }): void;
  /** Runs until `stop`. Never skips: a store that fails is tried again until it takes the rows. */
  run(): Promise<void>;
  stop(): void;
  problems(): readonly Problem[];
  metrics(): Record<string, number>;
}

/** Writes what the state consumer accepted into the telemetry store: raw readings first, then the rollups that changed. */
export function createStoreWriter(options: StoreWriterOptions): StoreWriter {
  const { state, store, log } = options;
  let limit: { generation: string; offset: number; revision: number } | undefined;
  let position = options.from;
  let wake = Promise.withResolvers<void>();
  let isStopping = false;
  const stopped = Promise.withResolvers<void>();
  let pending: readonly JournalRecordAt[] = [];
  let round: { steps: Generator<RollupCell[]>; upTo: number } | undefined;
  let roundAt = 0;
  let publishedAt = 0;
  let problem: Problem | undefined;
  const counts = { rows: 0, batches: 0, cells: 0, failures: 0 };

  /** Until the store takes it: rows are idempotent, so trying again is always right. */
  const persist = async (write: () => Promise<void>): Promise<boolean> => {
    for (let delayMs = firstRetryMs; !isStopping; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      try {
        await write();
        problem = undefined;
        return true;
      } catch (thrown) {
        counts.failures += 1;
        if (problem === undefined)
          log.error('the telemetry store did not take the rows; trying again', { error: errorLine(thrown) });
        problem = {
          code: 'telemetry_store_unavailable',
          message: `The telemetry store does not take readings: ${errorLine(thrown)}. Live values go on; the journal keeps what is missing.`,
          fix: 'Look after the store (disk full? server down?); writing goes on by itself.',
        };
        await Promise.race([sleep(delayMs), stopped.promise]);
      }
    }
    return false;
  };

  const nextRecords = async (reader: JournalReader): Promise<readonly JournalRecordAt[]> => {
    if (limit === undefined) return [];
    if (pending.length === 0) {
      const batch = await reader.next({ maxRecords: maxBatchFrames, maxBytes: maxBatchBytes });
      if (batch === null) return [];
      pending = batch.records;
    }
    const end = limit.offset;
    const ready = pending.findIndex((record) => record.end > end);
    const records = ready < 0 ? pending : pending.slice(0, ready);
    pending = ready < 0 ? [] : pending.slice(ready);
    return records;
  };

  const writeRaw = async (reader: JournalReader): Promise<boolean> => {
    const generation = limit?.generation;
    if (generation === undefined || (position !== undefined && position.offset >= (limit?.offset ?? 0)))
      return false;
    const records = await nextRecords(reader);
    const last = records.at(-1);
    const first = records[0];
    if (last === undefined || first === undefined) return false;
    const { rows, receivedAt } = rawRows(records, state.withheld(first.offset, last.end));
    if (rows.length > 0 && !(await persist(() => store.writeReadings(rows)))) return false;
    counts.rows += rows.length;
    counts.batches += 1;
    position = {
      generation,
      offset: last.end,
      receivedAt: receivedAt || (position?.receivedAt ?? 0),
      revision: position?.revision ?? 0,
    };
    options.onPosition(position);
    return true;
  };

  /** One step of rollup work; true when something was done. */
  const writeRollups = async (): Promise<boolean> => {
    if (round === undefined) {
      const done = position?.revision ?? 0;
      if (
        position === undefined ||
        limit === undefined ||
        limit.revision <= done ||
        Date.now() - roundAt < rollupEveryMs
      )
        return false;
      const { cells, upTo } = state.changedCells(done, limit.revision, maxCellsPerRound);
      roundAt = Date.now();
      round = { steps: rollupRound(cells, state), upTo };
    }
    const step = round.steps.next();
    if (step.done === true) {
      if (position !== undefined) position = { ...position, revision: round.upTo };
      round = undefined;
      if (position !== undefined) options.onPosition(position);
      return true;
    }
    if (step.value.length > 0 && !(await persist(() => store.writeCells(step.value)))) return false;
    counts.cells += step.value.length;
    return true;
  };

  const publish = async () => {
    if (position === undefined || Date.now() - publishedAt < publishEveryMs) return;
    publishedAt = Date.now();
    try {
      await publishReaderPosition(options.journalDir, 'store', {
        generation: position.generation,
        offset: position.offset,
      });
    } catch (thrown) {
      log.warn('the reader position could not be published', { error: errorLine(thrown) });
    }
  };

  return {
    committed(next) {
      limit = next;
      wake.resolve();
    },
    async run() {
      const reader = await openJournalReader({
        dir: options.journalDir,
        position:
          position === undefined ? 'oldest' : { generation: position.generation, offset: position.offset },
        log,
      });
      try {
        while (!isStopping) {
          const wroteRaw = await writeRaw(reader);
          const wroteRollups = await writeRollups();
          await publish();
          if (wroteRaw || wroteRollups) continue;
          await Promise.race([wake.promise, sleep(idleMs)]);
          if (!isStopping) wake = Promise.withResolvers<void>();
        }
      } finally {
        await reader.close();
      }
    },
    stop() {
      isStopping = true;
      stopped.resolve();
      wake.resolve();
    },
    problems: () => (problem === undefined ? [] : [problem]),
    metrics: () => ({
      waystation_store_rows_total: counts.rows,
      waystation_store_batches_total: counts.batches,
      waystation_store_cells_total: counts.cells,
      waystation_store_failures_total: counts.failures,
      waystation_store_lag_bytes: Math.max(0, (limit?.offset ?? 0) - (position?.offset ?? 0)),
      waystation_store_lag_revisions: Math.max(0, (limit?.revision ?? 0) - (position?.revision ?? 0)),
    }),
  };
}
