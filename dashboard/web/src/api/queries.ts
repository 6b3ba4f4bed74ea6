import { keepPreviousData, QueryClient, useQuery } from '@tanstack/react-query';
import type {
  alertsAnswerSchema,
  loginAnswerSchema,
  occupancyAnswerSchema,
  stationAnswerSchema,
  stationsAnswerSchema,
} from '@waystation/shared/contracts/api';
import type { z } from 'zod';
import { ApiError, call } from './client.ts';

export type StationsAnswer = z.output<typeof stationsAnswerSchema>;
export type StationAnswer = z.output<typeof stationAnswerSchema>;
export type StationSummary = StationsAnswer['stations'][number];
export type RegisteredDevice = StationAnswer['devices'][number];
export type Supplies = StationAnswer['station']['supplies'];
export type OccupancyAnswer = z.output<typeof occupancyAnswerSchema>;
type AlertsAnswer = z.output<typeof alertsAnswerSchema>;
type SessionAnswer = Pick<z.output<typeof loginAnswerSchema>, 'user'>;

const minuteMs = 60_000;

/** Fewer tries where trying again cannot help. */
function retry(count: number, error: Error): boolean {
  return count < 3 && !(error instanceof ApiError && error.status >= 400 && error.status < 500);
}

/** The one query layer; live changes come by the feed, so queries are slow to ask again. */
export const queryClient = new QueryClient({
  defaultOptions: { queries: { retry, staleTime: 30_000, refetchOnWindowFocus: true } },
});

export function useSession() {
  return useQuery({
    queryKey: ['session'],
    queryFn: () => call<SessionAnswer>('/api/v1/session'),
    staleTime: 10 * minuteMs,
  });
}

export function useStations() {
  return useQuery({
    queryKey: ['stations'],
    queryFn: () => call<StationsAnswer>('/api/v1/stations'),
    refetchInterval: 5 * minuteMs,
  });
}

export function useStation(id: string) {
  return useQuery({
    queryKey: ['station', id],
    queryFn: () => call<StationAnswer>(`/api/v1/stations/${encodeURIComponent(id)}`),
    refetchInterval: 5 * minuteMs,
  });
}

/** Faults of all stations, for the words in the list. */
export function useAlerts() {
  return useQuery({
    queryKey: ['alerts'],
    queryFn: () => call<AlertsAnswer>('/api/v1/alerts'),
    refetchInterval: minuteMs,
  });
}

export function useOccupancy(id: string) {
  return useQuery({
    queryKey: ['occupancy', id],
    queryFn: () => call<OccupancyAnswer>(`/api/v1/stations/${encodeURIComponent(id)}/occupancy?hours=24`),
    refetchInterval: minuteMs,
    placeholderData: keepPreviousData,
  });
}
