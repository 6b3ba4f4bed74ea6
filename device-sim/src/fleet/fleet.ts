import { brokerUrl } from '@waystation/shared/runtime/broker-address';
import type { Config } from '@waystation/shared/runtime/config';
import { errorLine } from '@waystation/shared/runtime/errors';
import type { Log } from '@waystation/shared/runtime/log';
import type { DeviceFaults } from '../devices/device-faults.ts';
import { readSimulatedDistrict } from './district-run.ts';
import { type FleetLedger, openFleetLedger } from './fleet-ledger.ts';
import { sendHistory } from './history.ts';
import { StationPlayer } from './station-player.ts';

const stepMs = 1_000;
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
  let players: StationPlayer[] = [];
  let ledger: FleetLedger | undefined;
  let history: Promise<unknown> | undefined;

  return {
    async start() {
      const { stations, zone, secrets } = await readSimulatedDistrict(config.dataDir);
      const startedAt = Date.now();
      const url = brokerUrl(config);
      const opened = openFleetLedger(config.dataDir, log);
      ledger = opened;
      players = stations.map(
        (devices) =>
          new StationPlayer(devices, startedAt, {
            url,
            secrets,
            zone,
            faults,
            ledger: opened,
            log,
            scriptedAt: startedAt + storyAfterMs,
          }),
      );
      const connections = players.reduce((sum, { linkCount }) => sum + linkCount, 0);
      log.info('fleet runs', { stations: players.length, connections });
      timer = setInterval(() => {
        const now = Date.now();
        for (const player of players) player.advance(now);
      }, stepMs);
      if (historyDays <= 0) return;
      history = sendHistory({
        dataDir: config.dataDir,
        url,
        secrets,
        stations,
        earlier: players.map(({ earlier }) => earlier),
        zone,
        today: startedAt,
        days: historyDays,
        log,
        signal: stopping.signal,
      }).catch((thrown) => log.error('history stopped', { error: errorLine(thrown) }));
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await Promise.all([...players.map((player) => player.close()), history]);
      ledger?.close();
    },
  };
}
