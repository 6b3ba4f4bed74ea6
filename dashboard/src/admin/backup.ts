import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { copyJournal } from '@waystation/shared/journal/copy';
import { startNewGeneration } from '@waystation/shared/journal/generation';
import { errorLine, WaystationError } from '@waystation/shared/runtime/errors';
import { z } from 'zod';
import { whoRunsOn } from './running.ts';

type Say = (line: string) => void;

/** In this order: the journal last, so that it holds everything that the databases have seen. */
const databases = ['state.db', 'telemetry.db', 'registry.db', 'dashboard.db'];
/** Beside the databases: in the demo district, the secrets that its simulator uses. */
const otherFiles = ['sim-secrets.json'];
const manifestName = 'manifest.json';
const manifestSchema = z.object({
  version: z.literal(1),
  at: z.number(),
  files: z.record(z.string(), z.object({ bytes: z.number(), sha256: z.string() })),
});

/**
 * Copies a running installation into an empty folder: each database as one consistent file, then the journal up to its durable end.
 * @throws WaystationError `backup_folder_not_empty`, `backup_nothing`.
 */
export async function backup(
  dataDir: string,
  secretKeyFile: string,
  folder: string,
  say: Say,
): Promise<void> {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new WaystationError({
      code: 'backup_folder_not_empty',
      message: `${folder} is not empty.`,
      fix: 'Give a new folder.',
    });
  }
  const present = databases.filter((name) => existsSync(join(dataDir, name)));
  if (present.length === 0)
    throw new WaystationError({
      code: 'backup_nothing',
      message: `There is no data in ${dataDir}.`,
      fix: 'Set DATA_DIR, or use --demo.',
    });
  mkdirSync(folder, { recursive: true });
  for (const name of present) {
    const db = new DatabaseSync(join(dataDir, name), { readOnly: true });
    db.exec('PRAGMA busy_timeout = 10000');
    db.prepare('VACUUM INTO ?').run(join(folder, name));
    db.close();
    say(`copied ${name} (${mebibytes(statSync(join(folder, name)).size)})`);
  }
  if (existsSync(join(dataDir, 'journal'))) {
    const { offset } = await copyJournal(join(dataDir, 'journal'), join(folder, 'journal'));
    say(`copied the journal up to ${offset}`);
  }
  for (const name of otherFiles)
    if (existsSync(join(dataDir, name))) copyFileSync(join(dataDir, name), join(folder, name));
  if (existsSync(secretKeyFile)) copyFileSync(secretKeyFile, join(folder, 'secret.key'));
  const files: z.output<typeof manifestSchema>['files'] = {};
  for (const path of filesBelow(folder))
    files[relative(folder, path)] = { bytes: statSync(path).size, sha256: await checksum(path) };
  writeFileSync(join(folder, manifestName), JSON.stringify({ version: 1, at: Date.now(), files }, null, 1), {
    mode: 0o600,
  });
  say(`backup complete in ${folder}`);
}

/**
 * Puts a backup in the place of DATA_DIR; what stood there is moved aside, not deleted. A new journal generation begins, so that nothing that
 * still knows the old journal reads on in this one.
 * @throws WaystationError `restore_running` naming what runs, `backup_damaged`.
 */
export async function restore(
  dataDir: string,
  secretKeyFile: string,
  folder: string,
  say: Say,
): Promise<void> {
  const running = whoRunsOn(dataDir);
  if (running.length > 0) {
    throw new WaystationError({
      code: 'restore_running',
      message: `${running.join(', ')} is running on ${dataDir}.`,
      fix: 'Stop everything first.',
    });
  }
  const files = await verify(folder);
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
    const aside = `${dataDir}.before-restore-${new Date().toISOString().replace(/[:.]/g, '-')}`;
    renameSync(dataDir, aside);
    say(`what stood in ${dataDir} is now in ${aside}`);
  }
  for (const name of files) {
    const target = name === 'secret.key' ? secretKeyFile : join(dataDir, name);
    mkdirSync(join(target, '..'), { recursive: true });
    copyFileSync(join(folder, name), target);
  }
  if (existsSync(join(dataDir, 'journal'))) {
    const generation = await startNewGeneration(join(dataDir, 'journal'));
    if (existsSync(join(dataDir, 'state.db'))) {
      const db = new DatabaseSync(join(dataDir, 'state.db'));
      db.prepare('UPDATE position SET generation = ?').run(generation);
      db.close();
    }
  }
  say(`restored ${files.length} files from ${folder}`);
}

/** Names of the files of a whole and undamaged backup. */
async function verify(folder: string): Promise<string[]> {
  const damaged = (what: string) =>
    new WaystationError({
      code: 'backup_damaged',
      message: `${folder} is not a whole backup: ${what}.`,
      fix: 'Use another backup; nothing was changed.',
    });
  let manifest: z.output<typeof manifestSchema>;
  try {
    manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, manifestName), 'utf8')));
  } catch (thrown) {
    throw damaged(`its ${manifestName} cannot be read (${errorLine(thrown)})`);
  }
  for (const [name, { sha256 }] of Object.entries(manifest.files)) {
    const path = join(folder, name);
    if (relative(folder, path).startsWith('..') || !existsSync(path)) throw damaged(`${name} is missing`);
    if ((await checksum(path)) !== sha256) throw damaged(`${name} is not what was backed up`);
  }
  return Object.keys(manifest.files);
}

async function checksum(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
