import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, sep } from 'node:path';
import { lockWriter } from '@waystation/shared/journal/writer-lock';
import { WaystationError } from '@waystation/shared/runtime/errors';
import { readStatuses } from '@waystation/shared/runtime/status-file';

/**
 * Processes that work on a data folder, as people would name them: those that say so in DATA_DIR/run, the holder of the journal, and (Linux)
 * every other process with an open file below it. Empty = nobody.
 */
export function whoRunsOn(dataDir: string): string[] {
  const found = new Map<number, string>();
  for (const { service, pid } of readStatuses(dataDir)) if (isAlive(pid)) found.set(pid, service);
  for (const { pid, program } of holders(dataDir)) if (!found.has(pid)) found.set(pid, program);
  const names = [...found].map(([pid, name]) => `${name} (process ${pid})`);
  const writer = journalWriter(dataDir);
  return names.length === 0 && writer !== undefined ? [writer] : names;
}

function journalWriter(dataDir: string): string | undefined {
  const journal = join(dataDir, 'journal');
  if (!existsSync(journal)) return undefined;
  try {
    lockWriter(journal)();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof WaystationError && thrown.code === 'journal_locked')
      return 'the writer of the journal';
    throw thrown;
  }
}

function holders(dataDir: string): { pid: number; program: string }[] {
  const below = dataDir + sep;
  return processIds()
    .filter((pid) => pid !== process.pid && openFiles(pid).some((file) => file.startsWith(below)))
    .map((pid) => ({ pid, program: commandLine(pid) }));
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return []; // Not Linux: the status files and the journal's lock must do.
  }
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkTarget(`/proc/${pid}/fd/${fd}`));
  } catch {
    return []; // Ended meanwhile, or another user's.
  }
}

function linkTarget(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // Closed meanwhile.
  }
}

function commandLine(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
    return words.slice(-2).join(' ').slice(-80);
  } catch {
    return 'a process';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
