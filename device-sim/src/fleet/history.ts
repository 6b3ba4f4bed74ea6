import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Device } from '@waystation/shared/contracts/registry-documents';
import type { Log } from '@waystation/shared/runtime/log';
import { readStatuses } from '@waystation/shared/runtime/status-file';
import type { Zone } from '@waystation/shared/runtime/zone';
import { z } from 'zod';
import { storyOf } from '../demo-stories.ts';
import { demoSeed } from './demo-seed.ts';
import type { DeviceLink } from './device-link.ts';
import { beginDay, type MadeReading } from './station-run.ts';

/** Live data must not wait for the past: above this lag of ingest the history pauses. */
const maxLagMs = 300;
const pauseMs = 100;
/** A broken device of the demo has been silent for three days; before that it worked. */
const deadForMs = 3 * 86_400_000;
const progressName = 'sim-history.json';

export interface HistoryParts {
  readonly dataDir: string;
  readonly stations: readonly (readonly Device[])[];
  /** What was made of today before the live fleet began, per station. */
  readonly earlier: readonly (readonly MadeReading[])[];
  readonly links: ReadonlyMap<string, DeviceLink>;
  readonly zone: Zone;
  /** Epoch ms at which the live fleet began. */
  readonly today: number;
  readonly days: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Sends the days before, newest first, through the same broker and ingest; goes on after a restart with the first day that is not done. */
export async function sendHistory(parts: HistoryParts): Promise<void> {
  const { zone, today, days, log } = parts;
  const done = readProgress(parts.dataDir);
  const deadSince = zone.dayStart(today - deadForMs);
  let sent = 0;
  for (const readings of parts.earlier) sent += await sendStation(readings, parts);
  log.info('history: today is in', { readings: sent });
  let dayStart = zone.dayStart(today);
  for (let day = 1; day <= days && !parts.signal.aborted; day += 1) {
    dayStart = zone.dayStart(dayStart - 1);
    if (done.has(dayStart)) continue;
    for (const own of parts.stations) {
      const made = beginDay(own, storyOf(own), demoSeed, zone, dayStart, undefined, deadSince);
      sent += await sendStation(made.until(made.endsAt - 1), parts);
    }
    if (parts.signal.aborted) return;
    done.add(dayStart);
    writeFileSync(join(parts.dataDir, progressName), JSON.stringify([...done]));
    log.info(`history: day ${day} of ${days} is in`, {
      readings: sent,
      seconds: Math.round((Date.now() - today) / 1_000),
    });
  }
}

async function sendStation(
  readings: readonly MadeReading[],
  { links, dataDir, signal }: HistoryParts,
): Promise<number> {
  const byDevice = Map.groupBy(readings, ({ device }) => device);
  let sent = 0;
  for (const [{ station, id }, own] of byDevice) {
    while (!signal.aborted && lagMs(dataDir) > maxLagMs) await sleep(pauseMs);
    if (signal.aborted) return sent;
    await links.get(`${station}/${id}`)?.sendLate(own);
    sent += own.length;
  }
  return sent;
}

function lagMs(dataDir: string): number {
  return (
    readStatuses(dataDir).find(({ service }) => service === 'ingest')?.metrics['waystation_ingest_lag_ms'] ??
    0
  );
}

function readProgress(dataDir: string): Set<number> {
  const file = join(dataDir, progressName);
  return new Set(existsSync(file) ? z.array(z.number()).parse(JSON.parse(readFileSync(file, 'utf8'))) : []);
}
