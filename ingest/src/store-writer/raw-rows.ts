import { decodeRecord } from '@waystation/shared/contracts/journal-record';
import type { JournalRecordAt } from '@waystation/shared/journal/reader';
import type { StoredReading } from '@waystation/shared/telemetry-store/port';
import { decodeMessage } from '../decode.ts';

/** Readings of a frame that must not be stored, by the frame's offset: `*` for all, else a JSON array of places in the message. */
export type Withheld = ReadonlyMap<number, string>;

export interface RawRows {
  readonly rows: StoredReading[];
  /** Receive time of the newest frame, epoch ms; 0 when there was none. */
  readonly receivedAt: number;
}

/** The rows that these journal frames become. Pure: the state consumer has decided, and `withheld` is its word. */
export function rawRows(records: readonly JournalRecordAt[], withheld: Withheld): RawRows {
  const rows: StoredReading[] = [];
  let receivedAt = 0;
  for (const { offset, payload } of records) {
    const record = decodeRecord(payload);
    if (record === undefined) continue;
    receivedAt = record.receivedAt;
    const left = withheld.get(offset);
    if (record.type !== 'message' || left === '*') continue;
    const decoded = decodeMessage(record);
    if (decoded.type !== 'telemetry') continue;
    const skipped = left === undefined ? undefined : new Set(JSON.parse(left) as number[]);
    const { station, device, kind, session } = decoded;
    for (const { index, seq, at, clockReplaced, data } of decoded.readings) {
      if (skipped?.has(index)) continue;
      rows.push({ station, device, kind, session, seq, at, clockReplaced, data });
    }
  }
  return { rows, receivedAt };
}
