import { maxReadingsPerMessage } from '@waystation/shared/contracts/telemetry';
import type { MadeReading } from './station-run.ts';

/** Below the broker's usual limit of 64 KiB. */
const maxPartBytes = 60_000;

/** Readings of one device and session as late data: each message with the readings it holds. */
export function lateMessages(
  readings: readonly MadeReading[],
): { text: string; readings: readonly MadeReading[] }[] {
  const first = readings[0];
  if (first === undefined) return [];
  const head = JSON.stringify({ session: first.session, kind: first.device.kind, late: true }).slice(0, -1);
  const messages: { text: string; readings: readonly MadeReading[] }[] = [];
  let parts: string[] = [];
  let bytes = 0;
  let from = 0;
  const close = (to: number) => {
    if (parts.length === 0) return;
    messages.push({ text: `${head},"readings":[${parts.join(',')}]}`, readings: readings.slice(from, to) });
    parts = [];
    bytes = 0;
    from = to;
  };
  for (const [index, { seq, at, data }] of readings.entries()) {
    const text = JSON.stringify({ seq, at, data });
    const length = Buffer.byteLength(text) + 1;
    if (parts.length === maxReadingsPerMessage || bytes + length > maxPartBytes) close(index);
    parts.push(text);
    bytes += length;
  }
  close(readings.length);
  return messages;
}
