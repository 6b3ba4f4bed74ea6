import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Device } from '@waystation/shared/contracts/registry-documents';
import { topicOf } from '@waystation/shared/contracts/topics';
import { replayLoginName } from '@waystation/shared/registry/device-logins';
import type { Log } from '@waystation/shared/runtime/log';
import { readStatuses } from '@waystation/shared/runtime/status-file';
import type { Zone } from '@waystation/shared/runtime/zone';
import { connectAsync, type MqttClient } from 'mqtt';
import { z } from 'zod';
import { storyOf } from '../demo-stories.ts';
import { demoSeed } from './demo-seed.ts';
import { lateMessages } from './late-messages.ts';
import { beginDay, type MadeReading } from './station-run.ts';

/** Live data must not wait for the past: above this lag of ingest the history pauses. */
const maxLagMs = 300;
const pauseMs = 100;
const dayMs = 86_400_000;
/** A broken device of the demo has been silent for three days; before that it worked. */
const deadForMs = 3 * dayMs;
const progressName = 'sim-history.json';

export interface HistoryParts {
  readonly dataDir: string;
  readonly url: string;
  /** Secrets of the replay logins of the stations. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly stations: readonly (readonly Device[])[];
  /** What was made of today before the live fleet began, per station. */
  readonly earlier: readonly (readonly MadeReading[])[];
  readonly zone: Zone;
  /** Epoch ms at which the live fleet began. */
  readonly today: number;
  readonly days: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Sends the days before, newest first, through the same broker and ingest, with the replay login of each station; goes on after a restart with
 * the first day that is not done. Answers how many readings were acknowledged.
 */
export async function sendHistory(parts: HistoryParts): Promise<number> {
  const { zone, today, days, log, signal } = parts;
  const done = readProgress(parts.dataDir);
  const deadSince = zone.dayStart(today - deadForMs);
  const clients = new Map<string, MqttClient>();
  let sent = 0;
  try {
    for (const readings of parts.earlier) sent += await sendStation(readings, parts, clients);
    log.info('history: today is in', { readings: sent });
    let dayStart = zone.dayStart(today);
    for (let day = 1; day <= days && !signal.aborted; day += 1) {
      dayStart = zone.dayStart(dayStart - 1);
      if (done.has(dayStart)) continue;
      for (const own of parts.stations) {
        const story = storyOf(own);
        if (story.faults?.installedDaysAgo !== undefined && day > story.faults.installedDaysAgo) continue;
        const made = beginDay(own, story, demoSeed, zone, dayStart, undefined, deadSince);
        sent += await sendStation(made.until(made.endsAt - 1), parts, clients);
      }
      if (signal.aborted) break;
      done.add(dayStart);
      writeFileSync(join(parts.dataDir, progressName), JSON.stringify([...done]));
      log.info(`history: day ${day} of ${days} is in`, {
        readings: sent,
        seconds: Math.round((Date.now() - today) / 1_000),
      });
    }
  } finally {
    await Promise.all([...clients.values()].map((client) => client.endAsync(signal.aborted)));
  }
  return sent;
}

async function sendStation(
  readings: readonly MadeReading[],
  parts: HistoryParts,
  clients: Map<string, MqttClient>,
): Promise<number> {
  const byDevice = Map.groupBy(readings, ({ device }) => device);
  let sent = 0;
  for (const [{ station, id }, own] of byDevice) {
    while (!parts.signal.aborted && lagMs(parts.dataDir) > maxLagMs) await sleep(pauseMs);
    if (parts.signal.aborted) return sent;
    const client = clients.get(station) ?? (await logIn(station, parts));
    if (client === undefined) return sent;
    clients.set(station, client);
    // Each acknowledged before the next; what a broken connection swallowed the client sends again.
    for (const { text } of lateMessages(own))
      await client.publishAsync(topicOf(station, id, 'telemetry'), text, { qos: 1 });
    sent += own.length;
  }
  return sent;
}

/** `undefined`: the station has no replay login, so its past stays unknown. */
async function logIn(station: string, { url, secrets, log }: HistoryParts): Promise<MqttClient | undefined> {
  const username = replayLoginName(station);
  const password = secrets[username];
  if (password === undefined) {
    log.warn('no history: there is no secret of the replay login', { station });
    return undefined;
  }
  const client = await connectAsync(url, { username, password, clientId: `${username}:history` });
  client.on('error', () => undefined);
  return client;
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
