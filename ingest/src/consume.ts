import { decodeRecord, type JournalRecord } from '@waystation/shared/contracts/journal-record';
import type { RegistrySnapshot } from '@waystation/shared/contracts/registry-documents';
import { type JournalDamage, type JournalReader, openJournalReader } from '@waystation/shared/journal/reader';
import { publishReaderPosition } from '@waystation/shared/journal/retention';
import type { RegistryReader } from '@waystation/shared/registry/registry-reader';
import { type Clock, systemClock } from '@waystation/shared/runtime/clock';
import { errorCode, errorLine, WaystationError } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import type { Problem } from '@waystation/shared/runtime/status-file';
import { type DistrictState, loadDistrictState } from './district-state.ts';
import type { ConsumerPosition, StateDb } from './state-db.ts';

/** A record alone is committed at once; under load there is one transaction in this time (`npm run bench -- readable-row stations`). */
const minGatherMs = 25;
/**
 * With many devices a transaction costs by the pages it touches, so a longer one is cheaper per record: gather three times as long as the last
 * commit took (measured with 20,000 devices: 115 us a record at 40 ms, 45 us with this rule).
 */
const gatherPerCommit = 3;
const maxGatherMs = 1_500;
/** At most this many in one transaction, so that what must be held and redone after a kill is bounded. */
const maxRecordsPerCommit = 40_000;
const batchLimits = { maxRecords: 4_000, maxBytes: 4 * 1_048_576 };
const publishEveryMs = 1_000;
const retryCommitMs = 1_000;
const pollRegistryMs = 50;

export interface StateConsumerOptions {
  /** DATA_DIR/journal */
  readonly journalDir: string;
  readonly db: StateDb;
  readonly registry: RegistryReader;
  readonly log: Log;
  readonly clock?: Clock;
  /** Called after each commit with the position and revision that now hold. */
  readonly onCommit?: (position: ConsumerPosition) => void;
}

export interface StateConsumer {
  /** Begins to follow the journal. One that does not fit the state is a problem, not an exception. */
  start(): void;
  /** Commits what was applied and stops. */
  stop(): Promise<void>;
  /** How far the store writer has come; written with the next transaction or by `flushStorePosition`. */
  storeReached(position: ConsumerPosition): void;
  problems(): readonly Problem[];
  metrics(): Record<string, number>;
  position(): ConsumerPosition | undefined;
}

/** The state half of ingest: journal -> state.db, each record exactly once. */
export function createStateConsumer(options: StateConsumerOptions): StateConsumer {
  const { db, registry, log, journalDir } = options;
  const clock = options.clock ?? systemClock;
  const problems = new Map<string, Problem>();
  const ending = new AbortController();
  let reader: JournalReader | undefined;
  let state: DistrictState | undefined;
  let reached = db.readPosition('state');
  let store: ConsumerPosition | undefined;
  let running: Promise<void> | undefined;
  let commits = 0;
  let commitMs = 0;
  let committedAt = Number.NEGATIVE_INFINITY;
  let publishedAt = 0;
  let isFailed = false;
  const damages = { count: 0, bytes: 0 };

  const fail = (code: string, message: string, fix?: string) => {
    if (!problems.has(code)) log.error(message, { code, fix });
    problems.set(code, fix === undefined ? { code, message } : { code, message, fix });
  };

  const commit = async (position: Omit<ConsumerPosition, 'revision'>) => {
    const held = state as DistrictState;
    const startedAt = performance.now();
    for (;;) {
      try {
        const revision = db.commit(held.changes(position, store));
        held.settled();
        store = undefined;
        reached = { ...position, revision };
        problems.delete('state_db_unwritable');
        break;
      } catch (thrown) {
        if (ending.signal.aborted) throw thrown;
        fail(
          'state_db_unwritable',
          `state.db cannot be written: ${errorLine(thrown)}`,
          'Free disk space or repair the disk; ingest goes on by itself.',
        );
        await pause(retryCommitMs, ending.signal);
      }
    }
    commits += 1;
    committedAt = performance.now();
    commitMs = committedAt - startedAt;
    options.onCommit?.(reached);
    if (performance.now() - publishedAt > publishEveryMs) await publish();
  };

  const publish = async () => {
    if (reached === undefined) return;
    publishedAt = performance.now();
    try {
      await publishReaderPosition(journalDir, 'state', {
        generation: reached.generation,
        offset: reached.offset,
      });
    } catch (thrown) {
      log.warn('the position for retention could not be published', { error: errorLine(thrown) });
    }
  };

  /** The registry as of `revision`, once it can be read. */
  const registryAt = async (revision: number): Promise<RegistrySnapshot | undefined> => {
    for (let waited = 0; !ending.signal.aborted; waited += pollRegistryMs) {
      try {
        if ((await registry.newestRevision()) >= revision) {
          problems.delete('registry_behind');
          return await registry.loadSnapshot(revision);
        }
      } catch (thrown) {
        log.warn('the registry cannot be read', { error: errorLine(thrown) });
      }
      if (waited >= 5_000) {
        fail(
          'registry_behind',
          `The journal speaks of registry revision ${revision}, which registry.db does not have.`,
          'Restore registry.db from the same backup as the journal.',
        );
      }
      await pause(pollRegistryMs, ending.signal);
    }
    return undefined;
  };

  const gatherMs = () => Math.min(maxGatherMs, Math.max(minGatherMs, gatherPerCommit * commitMs));

  const follow = async (from: JournalReader, held: DistrictState) => {
    while (!ending.signal.aborted) {
      const startedAt = performance.now();
      let pending: Omit<ConsumerPosition, 'revision'> | undefined;
      let gathered = 0;
      let batch = await from.next(batchLimits);
      if (batch === null) {
        await from.waitForMore(1_000, ending.signal);
        continue;
      }
      while (batch !== null) {
        const { generation } = batch.position;
        let receivedAt = pending?.receivedAt ?? reached?.receivedAt ?? 0;
        for (const { offset, end, payload } of batch.records) {
          const record: JournalRecord | undefined = decodeRecord(payload);
          if (record === undefined) {
            held.countUnknown();
            continue;
          }
          receivedAt = record.receivedAt;
          held.apply(record, offset);
          if (record.type === 'settings') {
            // What came before belongs to the settings before.
            if (offset > (reached?.offset ?? -1)) await commit({ generation, offset, receivedAt });
            const snapshot = await registryAt(record.revision);
            if (snapshot === undefined) return;
            held.applyRegistry(snapshot);
            await commit({ generation, offset: end, receivedAt });
          }
        }
        gathered += batch.records.length;
        pending = { generation, offset: batch.position.offset, receivedAt };
        const untilMs = Math.max(startedAt, committedAt) + gatherMs();
        const isFull = () => gathered >= maxRecordsPerCommit || performance.now() >= untilMs;
        batch = isFull() ? null : await from.next(batchLimits);
        // Nothing more for now: the rest of the time since the last commit is waited for company.
        const companyMs = committedAt + minGatherMs - performance.now();
        if (batch === null && companyMs > 0 && !isFull()) {
          await pause(companyMs, ending.signal);
          batch = await from.next(batchLimits);
        }
      }
      if (pending !== undefined) await commit(pending);
    }
  };

  const failed = (thrown: unknown) => {
    isFailed = true;
    const known = thrown instanceof WaystationError ? thrown : undefined;
    fail(errorCode(thrown) ?? 'state_consumer_failed', known?.message ?? errorLine(thrown), known?.fix);
  };

  const onDamage = ({ offset, bytes }: JournalDamage) => {
    damages.count += 1;
    damages.bytes += bytes;
    fail(
      'journal_damaged',
      `${damages.bytes} damaged bytes of the journal were passed over, the last at ${offset}.`,
      'Check the disk; the damaged bytes were set aside beside the journal.',
    );
  };

  /** From the stored position on, until the end. A journal that does not fit the state ends it with a problem: nothing is ever skipped. */
  const run = async () => {
    try {
      const snapshot = await registryAt(db.readCounters().get('registry_revision') ?? 0);
      if (snapshot === undefined) return;
      state = loadDistrictState(db, snapshot);
      const position =
        reached === undefined ? 'oldest' : { generation: reached.generation, offset: reached.offset };
      reader = await openJournalReader({ dir: journalDir, position, onDamage, log });
      // Tell at once where the store writer may read on, before anything new comes.
      if (reached !== undefined) options.onCommit?.(reached);
      await publish();
      await follow(reader, state);
    } catch (thrown) {
      failed(thrown);
    }
  };

  return {
    start() {
      running = run();
    },
    async stop() {
      ending.abort();
      await running;
      if (store !== undefined) db.writeStorePosition(store);
      await publish();
      await reader?.close();
    },
    storeReached(position) {
      store = position;
      setTimeout(() => {
        if (store === undefined || ending.signal.aborted) return;
        const waiting = store;
        try {
          db.writeStorePosition(waiting);
          if (store === waiting) store = undefined;
        } catch (thrown) {
          log.warn('the store position could not be written', { error: errorLine(thrown) });
        }
      }, 50).unref();
    },
    problems: () => [...problems.values()],
    position: () => reached,
    metrics() {
      const metrics: Record<string, number> = {};
      for (const [name, value] of state?.counters() ?? []) metrics[`waystation_ingest_${name}`] = value;
      const journal = reader?.metrics();
      const lagBytes = journal?.lagBytes ?? 0;
      const lagMs = lagBytes > 0 && reached !== undefined ? Math.max(0, clock.now() - reached.receivedAt) : 0;
      const sizes = state?.sizes();
      return {
        ...metrics,
        waystation_ingest_failed: isFailed ? 1 : 0,
        waystation_ingest_lag_ms: lagMs,
        waystation_ingest_lag_bytes: lagBytes,
        waystation_ingest_position: reached?.offset ?? 0,
        waystation_ingest_revision: reached?.revision ?? 0,
        waystation_ingest_commits: commits,
        waystation_ingest_commit_ms: Math.round(commitMs * 10) / 10,
        waystation_ingest_rejected_dropped: db.rejectedDropped(),
        waystation_ingest_journal_damages: damages.count,
        waystation_ingest_journal_damaged_bytes: damages.bytes,
        waystation_ingest_devices: sizes?.devices ?? 0,
        waystation_ingest_cells_cached: sizes?.cells ?? 0,
        waystation_ingest_open_cells_waiting: sizes?.waitingCells ?? 0,
      };
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
