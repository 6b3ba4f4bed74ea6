import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeRecord } from '@waystation/shared/contracts/journal-record';
import { openJournalReader } from '@waystation/shared/journal/reader';
import { WaystationError } from '@waystation/shared/runtime/errors';
import { connectAsync, type MqttClient } from 'mqtt';
import { z } from 'zod';

/** One line of a recording: when a message came (ms since the first), by whom, and what it said. */
const lineSchema = z.object({
  afterMs: z.number().min(0),
  login: z.string(),
  topic: z.string(),
  payload: z.string(),
});
type Line = z.output<typeof lineSchema>;

/** Writes the messages that a journal holds as JSON lines; answers how many. Devices' messages only, not what people did. */
export async function record(journalDir: string, file: string): Promise<number> {
  const reader = await openJournalReader({ dir: journalDir, position: 'oldest' });
  const out = createWriteStream(file);
  let first: number | undefined;
  let count = 0;
  try {
    for (let batch = await reader.next(); batch !== null; batch = await reader.next()) {
      for (const { payload } of batch.records) {
        const message = decodeRecord(payload);
        if (message?.type !== 'message' || message.will || !message.topic.endsWith('/telemetry')) continue;
        first ??= message.receivedAt;
        const line: Line = {
          afterMs: message.receivedAt - first,
          login: message.login,
          topic: message.topic,
          payload: message.payload.toString('base64'),
        };
        count += 1;
        if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
      }
    }
  } finally {
    await reader.close();
    out.end();
    await once(out, 'finish');
  }
  return count;
}

export interface ReplayOptions {
  /** Address of the broker, `mqtt://...`. */
  readonly url: string;
  /** Secret of a login, or `undefined` when there is none. */
  readonly secretOf: (login: string) => string | undefined;
  /** 2 = twice as fast as it was; Infinity = without waiting. */
  readonly speed: number;
}

/** Plays a recording, each message by the login that sent it, in order and in its rhythm; answers how many were acknowledged. */
export async function replay(file: string, options: ReplayOptions): Promise<number> {
  const clients = new Map<string, MqttClient>();
  const startedAt = Date.now();
  let count = 0;
  let number = 0;
  try {
    for await (const text of createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      number += 1;
      const line = parseLine(text, number);
      await sleep(Math.max(0, startedAt + line.afterMs / options.speed - Date.now()));
      const client = clients.get(line.login) ?? (await logIn(line.login, options));
      clients.set(line.login, client);
      await client.publishAsync(line.topic, Buffer.from(line.payload, 'base64'), { qos: 1 });
      count += 1;
    }
  } finally {
    await Promise.all([...clients.values()].map((client) => client.endAsync()));
  }
  return count;
}

function parseLine(text: string, number: number): Line {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch (thrown) {
    throw new WaystationError({
      code: 'recording_invalid',
      message: `Line ${number} is no line of a recording.`,
      fix: 'Record again with "record".',
      cause: thrown,
    });
  }
}

function logIn(login: string, { url, secretOf }: ReplayOptions): Promise<MqttClient> {
  const password = secretOf(login);
  if (password === undefined)
    throw new WaystationError({
      code: 'no_secret',
      message: `There is no secret of ${login}.`,
      fix: 'Give one with --secrets FILE.',
    });
  return connectAsync(url, {
    username: login,
    password,
    clientId: `${login}:replayer`,
  });
}
