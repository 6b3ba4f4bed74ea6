import { WaystationError } from '../runtime/errors.ts';
import type { JournalPosition } from './position.ts';

/** Positions that a journal cannot serve. Reading on from anywhere else would lose or repeat data, so a person must decide. */
export const positionFaults = {
  pastEnd: (position: JournalPosition, end: number) =>
    new WaystationError({
      code: 'journal_position_past_end',
      message: `The stored position ${position.offset} lies behind the journal's end ${end}.`,
      fix: 'The journal is older than the state that read it: restore both from the same backup.',
    }),
  generation: (position: JournalPosition, generation: string) =>
    new WaystationError({
      code: 'journal_generation_changed',
      message: `The stored position belongs to journal generation ${position.generation}, but this journal is ${generation}.`,
      fix: 'The journal was restored or replaced: restore the state from the same backup with "admin restore".',
    }),
  lost: (offset: number, oldest: number | undefined) =>
    new WaystationError({
      code: 'journal_position_lost',
      message: `The journal no longer has position ${offset}; its oldest data begins at ${oldest ?? 'nowhere'}.`,
      fix: 'Segments were deleted before they were read: restore the journal folder, or start from the oldest data and accept the gap.',
    }),
} as const;
