import { expect, it } from 'vitest';
import { createLifecycle, type Step } from './lifecycle.ts';
import { silentLog } from './log.ts';

function recorded(names: string[], overrides: Record<string, Partial<Step>> = {}) {
  const events: string[] = [];
  const steps = names.map(
    (name): Step => ({
      name,
      start: () => void events.push(`+${name}`),
      stop: () => void events.push(`-${name}`),
      ...overrides[name],
    }),
  );
  return { events, life: createLifecycle(steps, silentLog, 200) };
}

it('starts in order and stops in reverse, each once however often it is asked', async () => {
  const { events, life } = recorded(['a', 'b', 'c']);
  await life.start();
  await Promise.all([life.stop(), life.stop()]);
  await life.stop();
  expect(events).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
});

it('undoes the started steps when one fails, and tells the failure', async () => {
  const fails = () => Promise.reject(new Error('no port'));
  const { events, life } = recorded(['a', 'b', 'c'], { c: { start: fails } });
  await expect(life.start()).rejects.toThrow('no port');
  expect(events).toEqual(['+a', '+b', '-b', '-a']);
});

it('goes on stopping when one step throws, and names it', async () => {
  const throws = () => {
    throw new Error('stuck');
  };
  const { events, life } = recorded(['a', 'b'], { b: { stop: throws } });
  await life.start();
  expect(await life.stop()).toEqual(['b']);
  expect(events).toContain('-a');
});

it('leaves a step behind at the deadline, and names it', async () => {
  const { events, life } = recorded(['a', 'b'], { b: { stop: () => new Promise<void>(() => undefined) } });
  await life.start();
  expect(await life.stop()).toEqual(['b']);
  expect(events).toContain('-a');
});

it('stops while it is starting', async () => {
  const gate = Promise.withResolvers<void>();
  const slow = () => gate.promise;
  const { events, life } = recorded(['a', 'b', 'c'], { b: { start: slow } });
  const starting = life.start();
  await Promise.resolve();
  const stopping = life.stop();
  gate.resolve();
  await Promise.all([starting, stopping]);
  expect(events).toEqual(['+a', '-b', '-a']);
});
