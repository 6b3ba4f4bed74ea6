/** `npm run check`: format and lint, types, import rules, file length, dead code. All run; the exit code says whether all were clean. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importFaults, lengthFaults, missingImportFaults, type SourceFile } from './source-rules.ts';

const root = join(import.meta.dirname, '../..');
const modules = join(root, 'node_modules');

/** Tools are started by their own entry file, so that the pinned Node runs them. */
const tools: readonly [name: string, entry: string, ...arguments_: string[]][] = [
  ['format and lint', '@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  ['types, server', 'typescript/bin/tsc', '-p', 'tsconfig.json'],
  ['types, web', 'typescript/bin/tsc', '-p', 'dashboard/web/tsconfig.json', '--noEmit'],
  ['dead code', 'knip/bin/knip.js', '--no-progress'],
];

let faulty = false;
for (const [name, entry, ...arguments_] of tools) {
  const startedMs = Date.now();
  const result = spawnSync(process.execPath, [join(modules, entry), ...arguments_], {
    cwd: root,
    encoding: 'utf8',
  });
  report(name, startedMs, result.status === 0 ? '' : `${result.stdout}${result.stderr}`);
}

const startedMs = Date.now();
const files = sourceFiles();
report(
  'import rules',
  startedMs,
  [...files.flatMap(importFaults), ...files.flatMap((file) => missingImportFaults(file, root))].join('\n'),
);
report('file length', startedMs, files.flatMap(lengthFaults).join('\n'));
process.exitCode = faulty ? 1 : 0;

function report(name: string, since: number, faults: string): void {
  console.log(`${faults === '' ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - since) / 1000).toFixed(1)} s)`);
  if (faults === '') return;
  faulty = true;
  console.log(faults);
}

function sourceFiles(): SourceFile[] {
  const listed = spawnSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx', '*.cjs', '*.css'],
    { cwd: root, encoding: 'utf8' },
  );
  const paths = listed.stdout.split('\n').filter((path) => path !== '');
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}
