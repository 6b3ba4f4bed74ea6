import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readStatuses, removeStatus, type ServiceStatus, writeStatus } from './status-file.ts';

const status: ServiceStatus = {
  service: 'broker',
  pid: 7,
  at: 1,
  state: 'ok',
  problems: [],
  metrics: { waystation_x: 1 },
};

it('reads back what services say, and leaves out what is unreadable', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waystation-status-'));
  expect(readStatuses(folder)).toEqual([]);
  writeStatus(folder, status);
  writeFileSync(join(folder, 'run/other.json'), '{half');
  expect(readStatuses(folder)).toEqual([status]);
  removeStatus(folder, 'broker');
  expect(readStatuses(folder)).toEqual([]);
});
