/**
 * `npm run bench [-- ROW ...]`: the figures of DESIGN 6, mosquitto beside ours in the same run; a table, then the same as JSON.
 * Environment: BENCH_SECONDS (10) per measurement, BENCH_PAIRS (7).
 */

import { type Figure, printFigures } from './report.ts';
import { browser } from './rows/browser.ts';
import { firstStart } from './rows/first-start.ts';
import { intake } from './rows/intake.ts';
import { manyConnections } from './rows/many-connections.ts';
import { manyStations } from './rows/many-stations.ts';
import { puback } from './rows/puback.ts';
import { readableRow } from './rows/readable-row.ts';
import { startWithAYear } from './rows/start-with-a-year.ts';
import { wholeWay } from './rows/whole-way.ts';

const rows: Readonly<Record<string, () => Promise<Figure | readonly Figure[]>>> = {
  intake,
  'whole-way': wholeWay,
  puback,
  'readable-row': readableRow,
  browser,
  connections: manyConnections,
  'start-with-a-year': startWithAYear,
  'first-start': firstStart,
  stations: manyStations,
};

const wanted = process.argv.slice(2);
if (wanted.includes('--help')) {
  console.log(
    `npm run bench [-- ROW ...]; rows: ${Object.keys(rows).join(', ')}. BENCH_SECONDS and BENCH_PAIRS change length and number.`,
  );
  process.exit(0);
}
const unknown = wanted.filter((name) => !(name in rows));
if (unknown.length > 0) {
  console.error(`bench: "${unknown.join(' ')}" is no row; there are ${Object.keys(rows).join(', ')}.`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(rows)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`bench: ${name} ...`);
  figures.push(...[await measure()].flat());
}
printFigures(figures);
