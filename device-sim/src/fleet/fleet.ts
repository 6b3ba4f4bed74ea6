import type { Device } from '@waystation/shared/contracts/registry-documents';
import { readSimulatorSecrets } from '@waystation/shared/registry/demo-district';
import { openRegistryReader } from '@waystation/shared/registry/registry-reader';
import type { Config } from '@waystation/shared/runtime/config';
import { errorLine, WaystationError } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import { zoneOf } from '@waystation/shared/runtime/zone';
import { storyOf } from '../demo-stories.ts';
import type { DeviceFaults } from '../devices/device-faults.ts';
import { demoSeed } from './demo-seed.ts';
import { DeviceLink } from './device-link.ts';
import { sendHistory } from './history.ts';
import { beginDay, type MadeReading, type StationDay } from './station-run.ts';

const stepMs = 1_000;
const hourMs = 3_600_000;
/** The story of the low tank begins this long after the start. */
const storyAfterMs = 60_000;

export interface Fleet {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Runs the devices of a district live: people come and go, devices see them and report; the days before come after, as late data. */
export function createFleet(config: Config, log: Log, historyDays: number, faults: DeviceFaults): Fleet {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let links = new Map<string, DeviceLink>();

  return {
    async start() {
      const registry = openRegistryReader(config.dataDir);
      const { devices, district } = await registry.loadSnapshot();
      registry.close();
      const secrets = readSimulatorSecrets(config.dataDir);
      if (Object.keys(secrets).length === 0) {
        throw new WaystationError({
          code: 'no_secrets',
          message: `${config.dataDir} has no sim-secrets.json.`,
          fix: 'The fleet simulates the demo district; start it with npm start.',
        });
      }
      const zone = zoneOf(district.zone);
      const startedAt = Date.now();
      const stations = new Map<string, Device[]>();
      for (const device of devices.values())
        stations.set(device.station, [...(stations.get(device.station) ?? []), device]);
      const begin = (own: readonly Device[], at: number): StationDay =>
        beginDay(own, storyOf(own), demoSeed, zone, at, startedAt + storyAfterMs);
      const runs = [...stations.values()].map((own) => ({ own, day: begin(own, startedAt) }));

      // Every device says at once what it sees, so that the page is full; what it saw since midnight comes late, with the history.
      const earlier = runs.map(({ day }) => day.until(startedAt));
      const first = runs.flatMap(({ day }) => day.now(startedAt));
      links = new Map(
        [...devices.entries()].flatMap(([key, device]) => {
          const secret = secrets[key];
          const session = runs.find(({ own }) => own.includes(device))?.day.session ?? 'd0';
          return secret === undefined
            ? []
            : [
                [
                  key,
                  new DeviceLink(config.MQTT_PORT, device, secret, session, {
                    ...faults,
                    bufferMs: faults.bufferMs || hourMs * (storyOf([device]).faults?.buffersHours ?? 0),
                  }),
                ] as const,
              ];
        }),
      );
      deliver(first, links);
      log.info('fleet runs', { stations: stations.size, devices: links.size });

      timer = setInterval(() => {
        const now = Date.now();
        for (const run of runs) {
          deliver(run.day.until(Math.min(now, run.day.endsAt - 1)), links);
          if (now < run.day.endsAt) continue;
          run.day = begin(run.own, now);
          deliver(run.day.until(now), links);
        }
      }, stepMs);
      if (historyDays > 0) {
        const parts = {
          dataDir: config.dataDir,
          stations: runs.map(({ own }) => own),
          earlier,
          links,
          zone,
          today: startedAt,
          days: historyDays,
          log,
          signal: stopping.signal,
        };
        void sendHistory(parts).catch((thrown) => log.error('history stopped', { error: errorLine(thrown) }));
      }
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await Promise.all([...links.values()].map((link) => link.close()));
    },
  };
}

function keyOf({ station, id }: Device): string {
  return `${station}/${id}`;
}

function deliver(readings: readonly MadeReading[], links: ReadonlyMap<string, DeviceLink>): void {
  for (const reading of readings) links.get(keyOf(reading.device))?.send(reading);
}
