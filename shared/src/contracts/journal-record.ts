/**
 * What one frame of the journal says (DESIGN 1.2). `receivedAt` is the broker's clock, epoch ms, never falling from frame to frame.
 * Binary layout: type u8, receivedAt f64, then by type; strings are u16 length + UTF-8.
 */
export type JournalRecord =
  | MessageRecord
  | {
      readonly type: 'connect';
      readonly receivedAt: number;
      readonly connection: string;
      readonly login: string;
      readonly clientId: string;
      readonly address: string;
    }
  | {
      readonly type: 'disconnect';
      readonly receivedAt: number;
      readonly connection: string;
      readonly login: string;
      readonly reason: string;
    }
  | { readonly type: 'start'; readonly receivedAt: number; readonly version: string }
  | { readonly type: 'tick'; readonly receivedAt: number }
  | { readonly type: 'settings'; readonly receivedAt: number; readonly revision: number };

export interface MessageRecord {
  readonly type: 'message';
  readonly receivedAt: number;
  /** Connection id of the sender; empty for a will whose connection is gone. */
  readonly connection: string;
  /** `{station}/{device}`, `{station}`, `{station}:replay` or `service:{name}`. */
  readonly login: string;
  readonly will: boolean;
  readonly topic: string;
  readonly payload: Buffer;
}

const codes = { message: 1, connect: 2, disconnect: 3, start: 4, tick: 5, settings: 6 } as const;

/** Bytes of a record, ready for `append`. */
export function encodeRecord(record: JournalRecord): Buffer {
  switch (record.type) {
    case 'message':
      return encodeMessage(record);
    case 'connect':
      return encodeStrings(codes.connect, record.receivedAt, [
        record.connection,
        record.login,
        record.clientId,
        record.address,
      ]);
    case 'disconnect':
      return encodeStrings(codes.disconnect, record.receivedAt, [
        record.connection,
        record.login,
        record.reason,
      ]);
    case 'start':
      return encodeStrings(codes.start, record.receivedAt, [record.version]);
    case 'tick':
      return encodeStrings(codes.tick, record.receivedAt, []);
    case 'settings': {
      const bytes = Buffer.allocUnsafe(17);
      bytes.writeUInt8(codes.settings, 0);
      bytes.writeDoubleLE(record.receivedAt, 1);
      bytes.writeDoubleLE(record.revision, 9);
      return bytes;
    }
  }
}

function encodeMessage(record: MessageRecord): Buffer {
  const connectionBytes = Buffer.byteLength(record.connection);
  const loginBytes = Buffer.byteLength(record.login);
  const topicBytes = Buffer.byteLength(record.topic);
  const bytes = Buffer.allocUnsafe(16 + connectionBytes + loginBytes + topicBytes + record.payload.length);
  bytes.writeUInt8(codes.message, 0);
  bytes.writeDoubleLE(record.receivedAt, 1);
  bytes.writeUInt8(record.will ? 1 : 0, 9);
  let at = 10;
  at = writeString(bytes, record.connection, connectionBytes, at);
  at = writeString(bytes, record.login, loginBytes, at);
  at = writeString(bytes, record.topic, topicBytes, at);
  record.payload.copy(bytes, at);
  return bytes;
}

function encodeStrings(code: number, receivedAt: number, strings: readonly string[]): Buffer {
  const lengths = strings.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(9 + lengths.reduce((sum, length) => sum + 2 + length, 0));
  bytes.writeUInt8(code, 0);
  bytes.writeDoubleLE(receivedAt, 1);
  let at = 9;
  for (const [index, text] of strings.entries()) at = writeString(bytes, text, lengths[index] ?? 0, at);
  return bytes;
}

function writeString(bytes: Buffer, text: string, length: number, at: number): number {
  bytes.writeUInt16LE(length, at);
  bytes.write(text, at + 2, length, 'utf8');
  return at + 2 + length;
}

/** Reads a record; `undefined` when the bytes are of no known type or too short (a newer writer). */
export function decodeRecord(bytes: Buffer): JournalRecord | undefined {
  if (bytes.length < 9) return undefined;
  const receivedAt = bytes.readDoubleLE(1);
  try {
    switch (bytes[0]) {
      case codes.message: {
        const read = stringReader(bytes, 10);
        const connection = read();
        const login = read();
        const topic = read();
        return {
          type: 'message',
          receivedAt,
          will: bytes[9] === 1,
          connection,
          login,
          topic,
          payload: bytes.subarray(read.at()),
        };
      }
      case codes.connect: {
        const read = stringReader(bytes, 9);
        return {
          type: 'connect',
          receivedAt,
          connection: read(),
          login: read(),
          clientId: read(),
          address: read(),
        };
      }
      case codes.disconnect: {
        const read = stringReader(bytes, 9);
        return { type: 'disconnect', receivedAt, connection: read(), login: read(), reason: read() };
      }
      case codes.start:
        return { type: 'start', receivedAt, version: stringReader(bytes, 9)() };
      case codes.tick:
        return { type: 'tick', receivedAt };
      case codes.settings:
        return { type: 'settings', receivedAt, revision: bytes.readDoubleLE(9) };
      default:
        return undefined;
    }
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

function stringReader(bytes: Buffer, start: number): (() => string) & { at(): number } {
  let at = start;
  const read = () => {
    const length = bytes.readUInt16LE(at);
    if (at + 2 + length > bytes.length) throw new RangeError('string past the end of the record');
    const text = bytes.toString('utf8', at + 2, at + 2 + length);
    at += 2 + length;
    return text;
  };
  return Object.assign(read, { at: () => at });
}
