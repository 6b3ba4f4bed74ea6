import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../platform.ts';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'waystation-planted-'));
  for (const file of ['biome.json', 'knip.json', 'package.json', 'tsconfig.json', '.gitignore'])
    cpSync(join(root, file), join(tree, file));
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  for (const folder of workspaces) {
    mkdirSync(join(tree, folder));
    cpSync(join(root, folder, 'package.json'), join(tree, folder, 'package.json'));
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function plant(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
}

function run(entry: string, ...args: string[]): { status: number | null; output: string } {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', entry), ...args], {
    cwd: tree,
    encoding: 'utf8',
  });
  return { status: result.status, output: result.stdout + result.stderr };
}

const lint = () => run('@biomejs/biome/bin/biome', 'lint', '--error-on-warnings', 'broker/src');
const knip = () => run('knip/bin/knip.js', '--no-progress', '--include', 'files,exports');

describe('the project’s own settings catch a planted violation:', () => {
  it('an import cycle', () => {
    plant({
      'broker/src/a.ts': "import { b } from './b.ts';\nexport const a = () => b();\n",
      'broker/src/b.ts': "import { a } from './a.ts';\nexport const b = (): unknown => a;\n",
    });
    expect(lint()).toMatchObject({ status: 1, output: expect.stringContaining('noImportCycles') });
  });

  it('a promise that nobody waits for', () => {
    plant({
      'broker/src/a.ts': 'async function work(): Promise<number> {\n  return 1;\n}\nwork();\n',
    });
    expect(lint()).toMatchObject({ status: 1, output: expect.stringContaining('noFloatingPromises') });
  });

  it('a file that nothing imports, and an export that nothing uses', () => {
    plant({
      'broker/src/main.ts': "import { used } from './used.ts';\nused();\n",
      'broker/src/used.ts': 'export const used = () => 1;\nexport const plantedExport = 2;\n',
      'broker/src/planted-file.ts': 'export const nothing = 3;\n',
    });
    const { status, output } = knip();
    expect(status).toBe(1);
    expect(output).toContain('planted-file.ts');
    expect(output).toContain('plantedExport');
    expect(output).not.toContain('broker/src/main.ts');
  });

  it('and lets a clean file pass', () => {
    plant({ 'broker/src/main.ts': 'export const fine = 1;\n' });
    expect(lint()).toMatchObject({ status: 0 });
  });
});
