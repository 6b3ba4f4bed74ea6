import { mosquittoRate, pairs, seconds } from '../load.ts';
import { type Figure, median } from '../report.ts';

interface Measured {
  /** Messages/s. */
  readonly rate: number;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Alternates our measurement with mosquitto's; the figure is the median of the ratios of the pairs. */
export async function pairedWithMosquitto(
  name: string,
  minRatio: number,
  measureOurs: () => Promise<Measured>,
): Promise<Figure> {
  const measured = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const { rate, details } = await measureOurs();
    const other = await mosquittoRate();
    measured.push({ ours: Math.round(rate), mosquitto: other ?? null, ...details });
  }
  const ratios = measured.flatMap(({ ours, mosquitto }) => (mosquitto === null ? [] : [ours / mosquitto]));
  const ratio = ratios.length === 0 ? null : median(ratios);
  const rate = Math.round(median(measured.map(({ ours }) => ours)));
  return {
    name,
    measured: `${rate}/s, ${ratio === null ? 'mosquitto is not installed' : `${ratio.toFixed(2)} x mosquitto (${ratios.map((each) => each.toFixed(2)).join(' ')})`}`,
    bar: `>= ${minRatio} x mosquitto, plain QoS 1 to one subscriber`,
    met: ratio === null ? null : ratio >= minRatio,
    details: { pairs: measured, seconds },
  };
}
