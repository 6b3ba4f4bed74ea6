import { describe, expect, it } from 'vitest';
import { importFaults, lengthFaults, maxLines } from './source-rules.ts';

describe('the source rules catch a planted violation:', () => {
  it.each([
    ['a service that imports another', 'broker/src/a.ts', "import { x } from '../../ingest/src/x.ts';"],
    [
      'a service that imports another by its package name',
      'ingest/src/a.ts',
      "import { x } from '@waystation/broker/x';",
    ],
    [
      'shared that imports a service',
      'shared/src/runtime/a.ts',
      "import { x } from '../../../broker/src/x.ts';",
    ],
    [
      'a lower room that imports a higher one',
      'shared/src/runtime/a.ts',
      "import { x } from '@waystation/shared/journal/reader';",
    ],
    ['a dynamic import', 'broker/src/a.ts', "await import('../../dashboard/src/x.ts');"],
  ])('%s', (_name, path, text) => {
    expect(importFaults({ path, text })).toHaveLength(1);
  });

  it('a file over the limit', () => {
    expect(lengthFaults({ path: 'a.ts', text: 'x\n'.repeat(maxLines + 1) })).toHaveLength(1);
  });
});

describe('the source rules let pass', () => {
  it.each([
    [
      'a service that imports shared',
      'broker/src/a.ts',
      "import { x } from '@waystation/shared/journal/writer';",
    ],
    ['a service that imports itself', 'broker/src/a.ts', "import { x } from './b.ts';"],
    [
      'a higher room that imports a lower one',
      'shared/src/journal/a.ts',
      "import { x } from '../runtime/errors.ts';",
    ],
    ['a system test that imports services', 'test/a.test.ts', "import { x } from '../broker/src/x.ts';"],
  ])('%s', (_name, path, text) => {
    expect(importFaults({ path, text })).toEqual([]);
  });

  it('a file of exactly the limit', () => {
    expect(lengthFaults({ path: 'a.ts', text: 'x\n'.repeat(maxLines) })).toEqual([]);
  });
});
