import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errorCode, WaystationError } from '../runtime/errors.ts';
import { encodeMark, markBytes, markPath, readMarkOf } from './durable-mark.ts';
import type { FrameKey } from './frame.ts';
import { replaceFile, syncFolder } from './journal-files.ts';
import { listSegments } from './segment-files.ts';
import { lockWriter } from './writer-lock.ts';

/** Who this journal is: its generation, and the secret that ties frames to it. */
export interface JournalIdentity {
  readonly generation: string;
  readonly key: FrameKey;
}

const schema = z.object({
  generation: z.string().regex(/^[0-9a-f]{32}$/),
  frameKey: z.string().regex(/^[0-9a-f]{16}$/),
});

export function identityPath(dir: string): string {
  return path.join(dir, 'generation');
}

/** The identity of the journal in `dir`; undefined when there is none yet. Throws `journal_generation_damaged`. */
export async function readIdentity(dir: string): Promise<JournalIdentity | undefined> {
  let text: string;
  try {
    text = await fs.promises.readFile(identityPath(dir), 'utf8');
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  try {
    const { generation, frameKey } = schema.parse(JSON.parse(text));
    const words = Buffer.from(frameKey, 'hex');
    return { generation, key: { low: words.readUInt32LE(0), high: words.readUInt32LE(4) } };
  } catch (cause) {
    throw new WaystationError({
      code: 'journal_generation_damaged',
      message: `The file ${identityPath(dir)} cannot be read.`,
      fix: 'Put it back from a backup of the journal: without it no frame can be checked.',
      cause,
    });
  }
}

/** Reads the identity, or makes one for an empty folder. Throws `journal_generation_missing` when segments lie there without one. */
export async function ensureIdentity(dir: string): Promise<JournalIdentity> {
  const known = await readIdentity(dir);
  if (known !== undefined) return known;
  if ((await listSegments(dir)).length > 0) {
    throw new WaystationError({
      code: 'journal_generation_missing',
      message: `The journal in ${dir} has segments but its file "generation" is gone.`,
      fix: 'Put the file back from a backup, or move the whole folder away to begin an empty journal.',
    });
  }
  await writeIdentity(dir, newId(), randomBytes(8).toString('hex'));
  const made = await readIdentity(dir);
  if (made === undefined) throw new Error('a file that was just written is gone');
  return made;
}

/**
 * Begins a new generation after a restore, while nothing runs: offsets and frames stay, positions of the old generation become
 * loud faults, and the published reader positions are dropped. Returns the new id, for the positions that were restored with the journal.
 * Throws `journal_locked` while a writer runs.
 */
export async function startNewGeneration(dir: string): Promise<string> {
  const unlock = lockWriter(dir);
  try {
    const { frameKey } = schema.parse(JSON.parse(await fs.promises.readFile(identityPath(dir), 'utf8')));
    const generation = newId();
    await fs.promises.rm(path.join(dir, 'readers'), { recursive: true, force: true });
    await writeIdentity(dir, generation, frameKey);
    const mark = readMarkOf(dir);
    if (mark !== undefined) {
      // In place, so that a reader that was left running meets the new generation.
      const bytes = encodeMark({ ...mark, generation }, Buffer.alloc(markBytes));
      await fs.promises.writeFile(markPath(dir), bytes, { flag: 'r+', flush: true });
    }
    return generation;
  } finally {
    unlock();
  }
}

async function writeIdentity(dir: string, generation: string, frameKey: string): Promise<void> {
  await replaceFile(identityPath(dir), `${JSON.stringify({ generation, frameKey })}\n`);
  await syncFolder(dir);
}

function newId(): string {
  return randomBytes(16).toString('hex');
}
