import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { WaystationError } from '@waystation/shared/runtime/errors';

const root = join(import.meta.dirname, '../..');
const webFolder = join(root, 'dashboard/web');
const outFolder = join(root, 'dashboard/dist');
const stampFile = join(outFolder, '.sources');
/** What the pages are made of: a change in any of these builds them again. */
const sources = ['dashboard/web', 'shared/src/contracts', 'dashboard/package.json', 'package-lock.json'];

/**
 * Builds the web app into dashboard/dist when its sources changed since the last build; else does nothing.
 * The new build takes the old one's place in one step, so that a running dashboard never serves half of it.
 * @throws WaystationError `web_build_failed` with the last lines of the builder.
 */
export async function ensureWebApp(say: (line: string) => void): Promise<void> {
  const stamp = hashSources();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  const startedMs = Date.now();
  say('waystation: building the web app (only when it changed) ...');
  const fresh = `${outFolder}.new-${process.pid}`;
  try {
    await runVite(fresh);
    writeFileSync(join(fresh, '.sources'), stamp);
    const old = `${outFolder}.old-${process.pid}`;
    if (existsSync(outFolder)) renameSync(outFolder, old);
    renameSync(fresh, outFolder);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  say(`waystation: web app built in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}

function runVite(outDir: string): Promise<void> {
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const arguments_ = ['build', webFolder, '--outDir', outDir, '--emptyOutDir', '--logLevel', 'warn'];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vite, ...arguments_], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let tail = '';
    const keep = (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-4_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else
        reject(
          new WaystationError({
            code: 'web_build_failed',
            message: `The web app could not be built: ${tail.trim()}`,
          }),
        );
    });
  });
}

function hashSources(): string {
  const hash = createHash('sha256');
  for (const source of sources) {
    const path = join(root, source);
    for (const file of filesBelow(path))
      hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  const entries = readdirSync(path, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  return entries.map((entry) => join(entry.parentPath, entry.name)).sort();
}
