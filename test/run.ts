/**
 * `npm test [-- vitest arguments]`: builds what the tests need, says which engines are here, and runs every test.
 * The last line is the count, in words that any reader of a log understands.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureWebApp } from '../dashboard/src/web-build.ts';
import { engines, findEngine } from './engines.ts';

const root = join(import.meta.dirname, '..');

for (const engine of engines) {
  const found = findEngine(engine);
  const absent = process.env['CI'] === 'true' ? 'a failure under CI' : 'its tests are skipped';
  console.log(
    `engine ${engine.name}: ${found ?? `absent (Debian package ${engine.debianPackage}); ${absent}`}`,
  );
  if (found === undefined && process.env['CI'] === 'true') process.exitCode = 1;
}
await ensureWebApp((line) => console.log(line));

const folder = mkdtempSync(join(tmpdir(), 'waystation-test-'));
const report = join(folder, 'report.json');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const arguments_ = [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
const child = spawn(process.execPath, [vitest, ...arguments_], { cwd: root, stdio: 'inherit' });
process.on('SIGTERM', () => child.kill('SIGTERM'));
const code = await new Promise<number>((resolve) => child.on('exit', (status) => resolve(status ?? 1)));

if (existsSync(report)) {
  const counts = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
  const skipped = (counts['numPendingTests'] ?? 0) + (counts['numTodoTests'] ?? 0);
  console.log(
    `tests: ${counts['numPassedTests'] ?? 0} passed, ${counts['numFailedTests'] ?? 0} failed, ${skipped} skipped`,
  );
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = code === 0 ? (process.exitCode ?? 0) : code;
