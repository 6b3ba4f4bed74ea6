import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { variableNames } from '../shared/src/runtime/config.ts';
import { root, runProgram } from './platform.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** `npm ...` command lines of the README, in code blocks and between backquotes, without comments. */
const commands = [
  ...new Set(
    [
      ...readme.matchAll(/`(npm (?:run |start|test)[^`]*)`/g),
      ...readme.matchAll(/^ {4}(npm (?:run |start|test)[^#\n]*)/gm),
    ].map(([, line]) => line!.trim()),
  ),
];

/** What a script's program says under `--help`. */
const helpOf: Readonly<Record<string, string>> = {
  admin: 'dashboard/src/admin/main.ts',
  sim: 'device-sim/src/main.ts',
  bench: 'bench/main.ts',
};

it('finds the commands of the README', () => {
  expect(commands.length).toBeGreaterThan(6);
});

it.each(commands)('README: %s names a script, a command and options that exist', (line) => {
  const [script, ...words] = line.replace(/^npm (run )?/, '').split(/\s+/);
  expect(Object.keys(scripts)).toContain(script);
  const args = words.filter((word) => word !== '--' && word !== '--help');
  const program = helpOf[script!];
  if (program === undefined) {
    // `npm test -- FILE`.
    for (const file of args) expect(existsSync(join(root, file)), file).toBe(true);
    return;
  }
  const help = runProgram(program, ['--help'], process.env);
  expect(help.status).toBe(0);
  const [command, ...rest] = args;
  const named = [command, ...rest.filter((word) => word.startsWith('--'))].filter(Boolean);
  for (const name of named) expect(help.stdout.split(/[\s,[\].|]+/), line).toContain(name);
});

it('names the programs that package.json starts', () => {
  for (const [name, line] of Object.entries(scripts)) {
    const file = line.split(' ').at(-1)!;
    expect(existsSync(join(root, file)), `${name}: ${file}`).toBe(true);
  }
  expect(spawnSync('npm', ['run'], { cwd: root, encoding: 'utf8' }).stdout).toContain('boot.cjs');
});

it('lists exactly the environment variables that are read', () => {
  const table = readme.split('## Configuration')[1]!.split('\n## ')[0]!;
  const rows = table.split('\n').filter((line) => /^\| `/.test(line));
  const listed = rows.flatMap((row) =>
    [...row.split('|')[1]!.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name!),
  );
  expect(listed.sort()).toEqual([...variableNames].sort());
});
