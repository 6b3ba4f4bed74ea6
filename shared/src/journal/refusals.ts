import { errorLine, WaystationError } from '../runtime/errors.ts';
import { maxPayloadBytes } from './frame.ts';

/** Why an append was refused. Made once: at the limit there may be 100,000 refusals a second. */
export const refusals = {
  closed: new WaystationError({
    code: 'journal_closed',
    message: 'The journal is closing and takes no more data.',
  }),
  payloadSize: new WaystationError({
    code: 'journal_payload_size',
    message: `A journal record holds 1 to ${maxPayloadBytes} bytes.`,
  }),
  backlog: new WaystationError({
    code: 'journal_backlog_full',
    message: 'The disk does not keep up: too much data is waiting to be written.',
    retryable: true,
  }),
  full: new WaystationError({
    code: 'journal_full',
    message: 'Data that nobody has read yet fills its share of the disk.',
    fix: 'See why ingest does not read the journal, or give the disk more space.',
    retryable: true,
  }),
  writeFailed: (cause: unknown) =>
    new WaystationError({
      code: 'journal_write_failed',
      message: `The journal cannot be written: ${errorLine(cause)}.`,
      fix: 'Free space on the disk or repair it; writing resumes by itself.',
      cause,
      retryable: true,
    }),
} as const;
