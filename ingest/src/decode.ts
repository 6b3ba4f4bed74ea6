import type { MessageRecord } from '@waystation/shared/contracts/journal-record';
import {
  batchEnvelopeSchema,
  batchHeadSchema,
  type DeviceKind,
  dataSchemas,
  type ReadingData,
  type ReadingEnvelope,
  type ResultMessage,
  readingEnvelopeSchema,
  resultSchema,
  type StatusMessage,
  singleEnvelopeSchema,
  statusSchema,
} from '@waystation/shared/contracts/telemetry';
import { parseTopic, type Topic } from '@waystation/shared/contracts/topics';
import { countDroppedFields } from './dropped-fields.ts';

/** A device clock further ahead than this is not believed (DESIGN 4 "Time"). */
const maxAheadMs = 5 * 60_000;
/** Nor one further behind, for a device login; a replay login may send any past time. */
const maxBehindMs = 35 * 86_400_000;

export interface DecodedReading {
  /** Place in the message, 0 for a single reading. */
  readonly index: number;
  readonly seq: number;
  /** Time of the reading as judged, epoch ms: the receive time where `clockReplaced`. */
  readonly at: number;
  /** Time as sent by the device, epoch ms. */
  readonly deviceAt: number;
  readonly clockReplaced: boolean;
  /** Validated, unknown fields dropped, in the direction in which the device counts (`swapDirection` is not applied). */
  readonly data: ReadingData;
  readonly droppedFields: number;
}

/** Why one reading of a message was left out while the others were kept. */
export interface ReadingRejection {
  readonly index: number;
  readonly reason: string;
  readonly message: string;
}

export interface DecodedTelemetry {
  readonly type: 'telemetry';
  readonly station: string;
  readonly device: string;
  readonly kind: DeviceKind;
  readonly session: string;
  /** The device says that it held this message back. */
  readonly late: boolean;
  /** Sent by a `{station}:replay` login. */
  readonly replay: boolean;
  readonly readings: readonly DecodedReading[];
  readonly rejections: readonly ReadingRejection[];
}
export interface DecodedStatus {
  readonly type: 'status';
  readonly station: string;
  readonly device: string;
  readonly status: StatusMessage;
}
export interface DecodedResult {
  readonly type: 'result';
  readonly station: string;
  readonly device: string;
  readonly result: ResultMessage;
}
/** What people did; its content is judged by the parts that act on it. */
export interface DecodedAction {
  readonly type: 'action';
  readonly station: string;
  readonly action: unknown;
}
/** A whole message that says nothing we can use. */
export interface DecodedRejection {
  readonly type: 'rejected';
  readonly station: string | null;
  readonly device: string | null;
  readonly reason: string;
  readonly message: string;
}
export type Decoded = DecodedTelemetry | DecodedStatus | DecodedResult | DecodedAction | DecodedRejection;

/**
 * What a message frame says, judged by the frame alone: no registry, no state, no clock but the frame's receive time, so that
 * both consumers of the journal reach the same verdict. A bad reading in a batch leaves the others untouched.
 */
export function decodeMessage(record: MessageRecord): Decoded {
  const topic = topicOfName(record.topic);
  if (topic === undefined) return rejected(null, 'bad_topic', `No such topic: ${record.topic.slice(0, 200)}`);
  let body: unknown;
  try {
    body = JSON.parse(record.payload.toString('utf8'));
  } catch (thrown) {
    return rejected(
      topic,
      'not_json',
      `Not JSON: ${thrown instanceof Error ? thrown.message : 'unreadable'}`,
    );
  }
  switch (topic.channel) {
    case 'telemetry':
      return decodeTelemetry(record, topic, body);
    case 'status': {
      const status = statusSchema.safeParse(body);
      return status.success
        ? { type: 'status', station: topic.station, device: topic.device, status: status.data }
        : rejected(topic, 'bad_status', sentence(status.error, ''));
    }
    case 'result': {
      const result = resultSchema.safeParse(body);
      return result.success
        ? { type: 'result', station: topic.station, device: topic.device, result: result.data }
        : rejected(topic, 'bad_result', sentence(result.error, ''));
    }
    case 'action':
      return { type: 'action', station: topic.station, action: body };
    case 'command':
      return rejected(topic, 'wrong_direction', 'Commands go to devices; nothing reads them here.');
  }
}

function decodeTelemetry(record: MessageRecord, topic: Topic, body: unknown): Decoded {
  const replay = record.login.endsWith(':replay');
  const readings: DecodedReading[] = [];
  const rejections: ReadingRejection[] = [];
  const take = (kind: DeviceKind, index: number, one: ReadingEnvelope, droppedFields: number) => {
    const data = dataSchemas[kind].safeParse(one.data);
    if (!data.success) {
      rejections.push({ index, reason: 'bad_data', message: sentence(data.error, 'data') });
      return;
    }
    const ahead = one.at - record.receivedAt;
    const clockReplaced = ahead > maxAheadMs || (!replay && ahead < -maxBehindMs);
    readings.push({
      index,
      seq: one.seq,
      at: clockReplaced ? record.receivedAt : one.at,
      deviceAt: one.at,
      clockReplaced,
      data: data.data,
      droppedFields: droppedFields + countDroppedFields(one.data, data.data),
    });
  };

  if (typeof body !== 'object' || body === null || !('readings' in body)) {
    const single = singleEnvelopeSchema.safeParse(body);
    if (!single.success) return rejected(topic, 'bad_envelope', sentence(single.error, ''));
    const { kind, session, late } = single.data;
    take(kind, 0, single.data, extraKeys(body, 5, single.data.late));
    return telemetry(topic, kind, session, late, replay, readings, rejections);
  }
  const head = batchHeadSchema.safeParse(body);
  if (!head.success) return rejected(topic, 'bad_envelope', sentence(head.error, ''));
  const { kind, session, late } = head.data;
  const extra = extraKeys(body, 3, late);
  // A batch is nearly always wholly good: check it in one go, and reading by reading only when it is not.
  const whole = batchEnvelopeSchema.safeParse(body);
  for (const [index, raw] of head.data.readings.entries()) {
    const one = whole.success ? whole.data.readings[index] : undefined;
    const parsed = one === undefined ? readingEnvelopeSchema.safeParse(raw) : undefined;
    if (parsed?.success === false) {
      rejections.push({
        index,
        reason: 'bad_envelope',
        message: sentence(parsed.error, `readings.${index}`),
      });
      continue;
    }
    const reading = one ?? parsed?.data;
    if (reading !== undefined)
      take(kind, index, reading, extraKeys(raw, 3, undefined) + (index === 0 ? extra : 0));
  }
  return telemetry(topic, kind, session, late, replay, readings, rejections);
}

function telemetry(
  topic: Topic,
  kind: DeviceKind,
  session: string,
  late: boolean | undefined,
  replay: boolean,
  readings: readonly DecodedReading[],
  rejections: readonly ReadingRejection[],
): DecodedTelemetry {
  const { station, device } = topic;
  return {
    type: 'telemetry',
    station,
    device,
    kind,
    session,
    late: late === true,
    replay,
    readings,
    rejections,
  };
}

function rejected(topic: Topic | null, reason: string, message: string): DecodedRejection {
  return {
    type: 'rejected',
    station: topic?.station ?? null,
    device: topic?.device ?? null,
    reason,
    message,
  };
}

/** Fields of an envelope beyond those that it needs. */
function extraKeys(value: unknown, needed: number, late: boolean | undefined): number {
  let keys = 0;
  for (const _ in value as object) keys += 1;
  return Math.max(0, keys - needed - (late === undefined ? 0 : 1));
}

interface Fault {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

/** The first fault of a schema as one sentence that names the field. */
function sentence(error: Fault, prefix: string): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'unreadable';
  const path = [prefix, ...issue.path.map(String)].filter((part) => part !== '').join('.');
  return `${path === '' ? 'message' : path}: ${issue.message}`.slice(0, 300);
}

/** Topic names repeat endlessly; at the limit the memory starts anew. */
const maxKnownTopics = 50_000;
const knownTopics = new Map<string, Topic>();

function topicOfName(name: string): Topic | undefined {
  const known = knownTopics.get(name);
  if (known !== undefined) return known;
  const topic = parseTopic(name);
  if (topic !== undefined) {
    if (knownTopics.size >= maxKnownTopics) knownTopics.clear();
    knownTopics.set(name, topic);
  }
  return topic;
}
