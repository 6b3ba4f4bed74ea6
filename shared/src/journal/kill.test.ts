import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { cutPower, readJournal, testFolder } from './journal-testbed.ts';
import { type JournalReader, openJournalReader } from './reader.ts';
import { openJournalWriter } from './writer.ts';

/** Runs the writer process until it has acknowledged `acknowledgements` records, kills it, and returns the acknowledged numbers. */
function writeUntilKilled(dir: string, first: number, acknowledgements: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [path.join(import.meta.dirname, 'kill-child.ts'), dir, String(first)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let text = '';
    let lines = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      lines += chunk.toString().split('\n').length - 1;
      if (lines >= acknowledgements) child.kill('SIGKILL');
    });
    child.on('error', reject);
    // A last line without its end is a number cut in two.
    child.on('close', () => resolve(text.split('\n').slice(0, -1).map(Number)));
  });
}

function numberOf(payload: string): number {
  return Number(payload.split(' ')[1]);
}

async function drain(reader: JournalReader, into: number[]): Promise<void> {
  for (let batch = await reader.next(); batch !== null; batch = await reader.next()) {
    into.push(...batch.records.map((record) => numberOf(record.payload.toString())));
  }
}

for (const powerCut of [false, true]) {
  const how = powerCut ? 'by a power cut that drops what was not synced' : 'by SIGKILL';
  test(
    `a writer ended ${how} at random moments loses no acknowledged record, invents none, and its readers neither skip nor repeat`,
    {
      timeout: 60_000,
    },
    async () => {
      const dir = testFolder();
      const living = await openJournalReader({ dir, position: 'oldest' });
      const seen: number[] = [];
      const acknowledged: number[] = [];
      let next = 0;
      for (let round = 0; round < 6; round += 1) {
        acknowledged.push(...(await writeUntilKilled(dir, next, 1 + Math.floor(Math.random() * 2_000))));
        await drain(living, seen);
        if (powerCut) await cutPower(dir, Math.floor(Math.random() * 3_000), round % 2 === 1);
        // What the next start keeps decides where the numbers go on.
        await (await openJournalWriter({ dir })).close();
        await drain(living, seen);
        const { payloads } = await readJournal(dir);
        const numbers = payloads.map(numberOf);
        expect(seen).toEqual(numbers);
        if (!powerCut) expect(numbers).toEqual(Array.from(numbers, (_, index) => index));
        for (const [index, number] of numbers.entries()) {
          if (index > 0) expect(number).toBeGreaterThan(numbers[index - 1] ?? Infinity);
        }
        const kept = new Set(numbers);
        expect(acknowledged.filter((number) => !kept.has(number))).toEqual([]);
        next = (numbers.at(-1) ?? -1) + 1;
      }
      expect(acknowledged.length).toBeGreaterThan(6);
      await living.close();
    },
  );
}
