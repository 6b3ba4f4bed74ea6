/**
 * A writer process for `kill.test.ts`: appends `record N` from the number it is given on, with 64 on their way, and prints each N
 * once it is acknowledged. It runs until it is killed.
 */
import fs from 'node:fs';
import { openJournalWriter } from './writer.ts';

const [dir = '', first = '0'] = process.argv.slice(2);
const writer = await openJournalWriter({ dir, segmentBytes: 40_000 });
let number = Number(first);

function appendNext(): void {
  const mine = number;
  number += 1;
  writer.append(Buffer.from(`record ${mine} ${'.'.repeat(mine % 97)}`), (error) => {
    if (error !== null) throw error;
    fs.writeSync(1, `${mine}\n`);
    appendNext();
  });
}
for (let i = 0; i < 64; i += 1) appendNext();
