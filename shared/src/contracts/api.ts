import { z } from 'zod';
import { metricSchema } from './rollup.ts';
import { deviceKindSchema } from './telemetry.ts';

/** Requests and answers of /api/v1 (DESIGN 4). Times are epoch ms unless a name says otherwise. */

export const errorAnswerSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export const loginRequestSchema = z.object({
  username: z.string().min(1).max(64),
  password: z.string().min(1).max(200),
});
export const loginAnswerSchema = z.object({
  token: z.string(),
  expiresAt: z.number(),
  user: z.object({ name: z.string(), displayName: z.string().nullable(), role: z.string() }),
});

export const figureSchema = z.object({
  value: z.number().nullable(),
  state: z.enum(['ok', 'stale', 'never']),
  at: z.number().nullable(),
});
export const truthStateSchema = z.enum(['ok', 'stale', 'never', 'fault']);

export const stationFiguresSchema = z.object({
  station: z.string(),
  entriesToday: figureSchema,
  exitsToday: figureSchema,
  occupancyRaw: figureSchema,
  occupancy: figureSchema.extend({ lastCertainAt: z.number().nullable() }),
  cellsFree: figureSchema,
  cellsTotal: figureSchema,
  waterMl: figureSchema,
  waterCapacityMl: z.number().nullable(),
  tempC: figureSchema,
  microwavesIdle: figureSchema,
  doorLocked: figureSchema,
  devices: z.object({
    ok: z.number(),
    stale: z.number(),
    never: z.number(),
    fault: z.number(),
    online: z.number(),
    total: z.number(),
  }),
});

export const deviceTwinSchema = z.object({
  station: z.string(),
  device: z.string(),
  kind: deviceKindSchema,
  state: truthStateSchema,
  faults: z.array(z.string()),
  at: z.number().nullable(),
  receivedAt: z.number().nullable(),
  online: z.boolean().nullable(),
  onlineChangedAt: z.number().nullable(),
  session: z.string().nullable(),
  model: z.string().nullable(),
  firmware: z.string().nullable(),
  clockOffsetMs: z.number().nullable(),
  reportingIntervalMs: z.number(),
  data: z.record(z.string(), z.unknown()).nullable(),
  totals: z.record(z.string(), z.number()),
  today: z.object({ day: z.number(), totals: z.record(z.string(), z.number()) }).nullable(),
  counters: z.object({
    accepted: z.number(),
    repeats: z.number(),
    rejected: z.number(),
    clockReplaced: z.number(),
    resets: z.number(),
    gaps: z.number(),
  }),
});

/** A station as the list shows it: what is registered, and what is known now (null before ingest knows it). */
export const stationSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  unit: z.object({ id: z.string(), name: z.string(), type: z.string() }),
  stage: z.string(),
  hostType: z.string().nullable(),
  seats: z.number().nullable(),
  lat: z.number().nullable(),
  lon: z.number().nullable(),
  open24h: z.boolean(),
  entry: z.string(),
  deviceCount: z.number(),
  figures: stationFiguresSchema.nullable(),
});
export const districtAnswerSchema = z.object({
  name: z.string(),
  zone: z.string(),
  genericName: z.string(),
  demo: z.boolean(),
});
export const stationsAnswerSchema = z.object({
  revision: z.number(),
  at: z.number(),
  district: districtAnswerSchema,
  stations: z.array(stationSummarySchema),
});

export const registeredDeviceSchema = z.object({
  id: z.string(),
  kind: deviceKindSchema,
  name: z.string().nullable(),
  stage: z.string(),
  reportingIntervalS: z.number(),
  capacityMl: z.number().nullable(),
  twin: deviceTwinSchema.nullable(),
});
export const stationAnswerSchema = z.object({
  revision: z.number(),
  at: z.number(),
  district: districtAnswerSchema,
  station: stationSummarySchema.extend({
    address: z.string().nullable(),
    areaM2: z.number().nullable(),
    hours: z.array(z.object({ days: z.array(z.number()), from: z.string(), to: z.string() })),
    nightPhone: z.string().nullable(),
    /** What a shelf's SKUs are called, and the unit people buy them in. */
    supplies: z.array(z.object({ sku: z.string(), name: z.string(), unit: z.string() })),
    note: z.string().nullable(),
  }),
  devices: z.array(registeredDeviceSchema),
});

export const occupancyQuerySchema = z.object({ hours: z.coerce.number().int().min(1).max(168).default(24) });
/** Points every 5 minutes or coarser; a gap in the counter's readings is a point with null. */
export const occupancyAnswerSchema = z.object({
  from: z.number(),
  to: z.number(),
  everyMs: z.number(),
  coverage: z.number().nullable(),
  points: z.array(z.object({ at: z.number(), people: z.number().nullable(), entries: z.number() })),
});

export const seriesQuerySchema = z.object({
  from: z.coerce.number().int(),
  to: z.coerce.number().int(),
  /** Without `field`: raw readings, oldest first, by pages. With it: one number per bucket. */
  field: z.string().max(64).optional(),
  everyMs: z.coerce
    .number()
    .int()
    .min(1_000)
    .max(366 * 86_400_000)
    .optional(),
  fn: z.enum(['mean', 'min', 'max', 'sum', 'last', 'count']).default('mean'),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
  after: z.string().max(200).optional(),
});
export const seriesAnswerSchema = z.union([
  z.object({
    readings: z.array(
      z.object({
        session: z.string(),
        seq: z.number(),
        at: z.number(),
        clockReplaced: z.boolean(),
        data: z.record(z.string(), z.unknown()),
      }),
    ),
    next: z.string().nullable(),
  }),
  z.object({ points: z.array(z.object({ at: z.number(), value: z.number(), count: z.number() })) }),
]);

export const trendsQuerySchema = z.object({
  from: z.coerce.number().int(),
  to: z.coerce.number().int(),
  level: z.enum(['hour', 'day']).default('day'),
  metric: metricSchema.default('entries'),
  group: z.enum(['station', 'unit', 'district']).default('station'),
  station: z.string().max(32).optional(),
});
export const trendsAnswerSchema = z.object({
  metric: metricSchema,
  level: z.enum(['hour', 'day']),
  /** Columnar, so that a year of a thousand stations stays small: one row per (start, group). */
  rows: z.array(
    z.object({
      start: z.number(),
      group: z.string(),
      /** Null = no data: no reading fell into this time. */
      sum: z.number().nullable(),
      count: z.number(),
      min: z.number().nullable(),
      max: z.number().nullable(),
      coverage: z.number(),
    }),
  ),
});

/** What needs a hand now, derived from the twins (their life cycle comes with the alert engine). */
export const alertsAnswerSchema = z.object({
  alerts: z.array(
    z.object({
      station: z.string(),
      device: z.string(),
      type: z.string(),
      severity: z.enum(['critical', 'major', 'minor']),
      since: z.number().nullable(),
    }),
  ),
});
/** Dispensers below a quarter of their tank. */
export const restockAnswerSchema = z.object({
  items: z.array(
    z.object({
      station: z.string(),
      device: z.string(),
      sku: z.string(),
      levelMl: z.number(),
      capacityMl: z.number(),
      at: z.number().nullable(),
    }),
  ),
});

export const healthAnswerSchema = z.object({
  status: z.enum(['ok', 'degraded', 'failed']),
  version: z.string(),
  demo: z.boolean(),
  services: z.array(
    z.object({
      service: z.string(),
      state: z.enum(['ok', 'degraded', 'failed', 'silent']),
      ageMs: z.number(),
      problems: z.array(z.object({ code: z.string(), message: z.string(), fix: z.string().optional() })),
    }),
  ),
  /** ms between a message's receipt and its place in the state, and rows waiting for the telemetry store. */
  lagMs: z.number().nullable(),
});

/** Rejected messages of one device, newest first. */
export const rejectedAnswerSchema = z.object({
  total: z.number(),
  rejected: z.array(
    z.object({
      id: z.number(),
      receivedAt: z.number(),
      topic: z.string(),
      station: z.string().nullable(),
      device: z.string().nullable(),
      reason: z.string(),
      message: z.string(),
      payload: z.string(),
    }),
  ),
});
