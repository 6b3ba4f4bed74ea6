import { startPlatform } from '../../test/platform.ts';
import { load } from '../load.ts';
import type { Figure } from '../report.ts';
import { benchDistrict, benchEnvironment } from '../world.ts';
import { pairedWithMosquitto } from './paired-with-mosquitto.ts';

/** Messages acknowledged after fdatasync, the broker alone. */
export function intake(): Promise<Figure> {
  return pairedWithMosquitto('durable intake, QoS 1', 1, async () => {
    const platform = await startPlatform({
      services: ['broker'],
      district: benchDistrict,
      env: benchEnvironment,
    });
    const { acknowledged, seconds, latency } = await load(platform.mqttPort, 0);
    await platform.stop();
    return { rate: acknowledged / seconds, details: { acknowledged, p99Ms: latency.percentile(0.99) } };
  });
}
