import {
  alertsAnswerSchema,
  occupancyAnswerSchema,
  occupancyQuerySchema,
  rejectedAnswerSchema,
  restockAnswerSchema,
  seriesAnswerSchema,
  seriesQuerySchema,
  stationAnswerSchema,
  stationsAnswerSchema,
  trendsAnswerSchema,
  trendsQuerySchema,
} from '@waystation/shared/contracts/api';
import type { Device, RegistrySnapshot, Station } from '@waystation/shared/contracts/registry-documents';
import type { Clock } from '@waystation/shared/runtime/clock';
import { WaystationError } from '@waystation/shared/runtime/errors';
import type { TelemetryStore } from '@waystation/shared/telemetry-store/port';
import type { StateView } from '../state-view.ts';
import { activeAlerts, lowSupplies } from './attention.ts';
import { occupancyOf } from './occupancy-curve.ts';
import { type Route, route } from './route.ts';
import {
  devicesByStation,
  deviceView,
  districtView,
  stationDetail,
  stationSummary,
} from './station-views.ts';

const maxRejectedRows = 100;

export interface StationParts {
  readonly registry: () => RegistrySnapshot;
  readonly state: StateView;
  readonly store: TelemetryStore;
  readonly clock: Clock;
}

/** Everything that is read about stations and devices. */
export function stationRoutes({ registry, state, store, clock }: StationParts): Route[] {
  const stationOf = (id: string | undefined): Station => {
    const station = registry().stations.get(id ?? '');
    if (station === undefined)
      throw new WaystationError({ code: 'not_found', message: `There is no station "${id}".` });
    return station;
  };
  const deviceOf = (params: Readonly<Record<string, string>>): Device => {
    const device = registry().devices.get(`${params['id']}/${params['device']}`);
    if (device === undefined)
      throw new WaystationError({
        code: 'not_found',
        message: `There is no device "${params['id']}/${params['device']}".`,
      });
    return device;
  };

  return [
    route({
      method: 'GET',
      path: '/api/v1/stations',
      summary: 'All stations with what is known of them now',
      access: 'user',
      answer: stationsAnswerSchema,
      handle() {
        const now = registry();
        const devices = devicesByStation(now);
        const twins = new Map(state.stationsSince(-1).map((twin) => [twin.station, twin]));
        const stations = [...now.stations.values()].map((station) =>
          stationSummary(now, station, devices.get(station.id)?.length ?? 0, twins.get(station.id) ?? null),
        );
        return { revision: state.newestRevision(), at: clock.now(), district: districtView(now), stations };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/stations/:id',
      summary: 'One station with its devices',
      access: 'user',
      answer: stationAnswerSchema,
      handle({ params }) {
        const station = stationOf(params['id']);
        const now = registry();
        const revision = state.newestRevision();
        const twins = state.station(station.id);
        const devices = devicesByStation(now).get(station.id) ?? [];
        return {
          revision,
          at: clock.now(),
          district: districtView(now),
          station: stationDetail(now, station, devices.length, twins.station),
          devices: devices.map((device) => deviceView(device, twins.devices.get(device.id))),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/stations/:id/occupancy',
      summary: 'People inside over the last hours; null where the counter was not heard',
      access: 'user',
      query: occupancyQuerySchema,
      answer: occupancyAnswerSchema,
      handle: ({ params, query }) =>
        occupancyOf(stationOf(params['id']).id, registry(), store, clock.now(), query.hours),
    }),
    route({
      method: 'GET',
      path: '/api/v1/stations/:id/devices/:device/series',
      summary: 'Raw readings by pages, or with `field` and `everyMs` one number per bucket',
      access: 'user',
      query: seriesQuerySchema,
      answer: seriesAnswerSchema,
      async handle({ params, query: { from, to, field, everyMs, fn, limit, after } }) {
        const { station, id } = deviceOf(params);
        if (to <= from) throw new WaystationError({ code: 'invalid', message: 'to: must be after from.' });
        if (field !== undefined) {
          if (everyMs === undefined)
            throw new WaystationError({ code: 'invalid', message: 'everyMs: is needed with field.' });
          return { points: await store.readSeries({ station, device: id, field, from, to, everyMs, fn }) };
        }
        const page = await store.readRaw({
          station,
          device: id,
          from,
          to,
          limit,
          ...(after === undefined ? {} : { after }),
        });
        const readings = page.readings.map(({ session, seq, at, clockReplaced, data }) => ({
          session,
          seq,
          at,
          clockReplaced,
          data,
        }));
        return { readings, next: page.next };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/stations/:id/devices/:device/rejected',
      summary: 'Messages of a device that were not understood, newest first, each with its reason',
      access: 'user',
      answer: rejectedAnswerSchema,
      handle({ params }) {
        const { station, id } = deviceOf(params);
        const { total, rows } = state.rejected(station, id, maxRejectedRows);
        return {
          total,
          rejected: rows.map(({ payload, ...row }) => ({
            ...row,
            payload: Buffer.from(payload).toString('utf8').slice(0, 4_096),
          })),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/trends',
      summary: 'Sums of a metric by hour or day, per station, street or district, with coverage',
      access: 'user',
      query: trendsQuerySchema,
      answer: trendsAnswerSchema,
      async handle({ query: { from, to, level, metric, group, station } }) {
        const { stations } = registry();
        const groupOf = (each: Station) =>
          group === 'station' ? each.id : group === 'unit' ? each.unit : 'district';
        const groups = new Map([...stations.values()].map((each) => [each.id, groupOf(each)]));
        const query = {
          level,
          metrics: [metric],
          from,
          to,
          ...(station === undefined ? {} : { stations: [station] }),
        };
        const rows = await store.readCellGroups(query, groups);
        return {
          metric,
          level,
          rows: rows.map(({ start, group: name, sum, count, min, max, coveredMinutes, totalMinutes }) => ({
            start,
            group: name,
            // Minutes before a first reading are covered by it, but nothing was counted in them: no data, not zero.
            sum: count === 0 && sum === 0 ? null : sum,
            count,
            min,
            max,
            coverage: totalMinutes === 0 ? 0 : coveredMinutes / totalMinutes,
          })),
        };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/alerts',
      summary: 'What needs a hand now: faults and silent devices',
      access: 'user',
      answer: alertsAnswerSchema,
      handle: () => ({ alerts: activeAlerts(state.devicesSince(-1), registry()) }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/restock',
      summary: 'Dispensers whose tank is nearly empty',
      access: 'user',
      answer: restockAnswerSchema,
      handle: () => ({ items: lowSupplies(state.devicesSince(-1), registry()) }),
    }),
  ];
}
