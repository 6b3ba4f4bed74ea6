import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { createSupervisor, type Program, type Supervisor } from './supervisor.ts';

const folder = mkdtempSync(join(tmpdir(), 'waystation-supervisor-'));
const running: Supervisor[] = [];

afterEach(async () => {
  for (const supervisor of running.splice(0)) await supervisor.stop();
});

function program(name: string, body: string, stopWithinMs = 2_000): Program {
  const main = join(folder, `${name}.mjs`);
  writeFileSync(main, body);
  return { name, main, env: { ...process.env, FOLDER: folder }, stopWithinMs };
}

const stays = (name: string) => `
  import { appendFileSync } from 'node:fs';
  console.log('up ' + process.pid);
  process.on('SIGTERM', () => { appendFileSync(process.env.FOLDER + '/stops', '${name}\\n'); process.exit(0); });
  setInterval(() => {}, 1000);
  process.send({ ready: true });
`;

function supervise(programs: Program[], stopOrder: string[], onGiveUp = vi.fn()) {
  const lines: string[] = [];
  const supervisor = createSupervisor({
    programs,
    stopOrder,
    say: (source, line) => lines.push(`${source} ${line}`),
    onGiveUp,
  });
  running.push(supervisor);
  return { supervisor, lines, onGiveUp };
}

it('prefixes lines, and stops in the given order however often it is asked', async () => {
  const { supervisor, lines } = supervise(
    [program('one', stays('one')), program('two', stays('two'))],
    ['two', 'one'],
  );
  await supervisor.start();
  await vi.waitFor(() => expect(lines.filter((line) => / up \d+$/.test(line))).toHaveLength(2), 5_000);
  await Promise.all([supervisor.stop(), supervisor.stop()]);
  expect(readFileSync(join(folder, 'stops'), 'utf8')).toBe('two\none\n');
});

it('starts a killed program again', async () => {
  const { supervisor } = supervise([program('phoenix', stays('phoenix'))], ['phoenix']);
  await supervisor.start();
  const first = supervisor.pid('phoenix')!;
  process.kill(first, 'SIGKILL');
  await vi.waitFor(() => expect(supervisor.pid('phoenix') ?? first).not.toBe(first), 5_000);
});

it('gives up on a program that refuses its configuration', async () => {
  const { supervisor, onGiveUp } = supervise([program('picky', 'process.exit(2);')], ['picky']);
  await supervisor.start();
  await vi.waitFor(() => expect(onGiveUp).toHaveBeenCalledWith('picky', 2), 5_000);
});

it('kills a program that does not stop in time, and leaves none behind', async () => {
  const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); process.send({ ready: true });";
  const { supervisor, lines } = supervise([program('deaf', deaf, 200)], ['deaf']);
  await supervisor.start();
  const pid = supervisor.pid('deaf')!;
  await supervisor.stop();
  expect(() => process.kill(pid, 0)).toThrow();
  expect(lines.join()).toContain('was killed');
});

it('stops a program that waits to be started again', async () => {
  const { supervisor } = supervise(
    [program('short', 'process.send({ ready: true }); process.exit(1);')],
    ['short'],
  );
  await supervisor.start();
  await supervisor.stop();
  expect(supervisor.pid('short')).toBeUndefined();
});
