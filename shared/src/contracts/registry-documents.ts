import { z } from 'zod';
import { deviceIdSchema, deviceKindSchema, stationIdSchema } from './telemetry.ts';

/** Documents of the registry (registry.db table `entity`, kind + id + revision -> body). */

export const districtSchema = z.object({
  name: z.string().min(1),
  zone: z.string().default('Asia/Shanghai'),
  genericName: z.string().default('工会驿站'),
  demo: z.boolean().default(false),
});
export type District = z.output<typeof districtSchema>;

export const unitTypes = ['街道', '镇', '功能区'] as const;
export const unitSchema = z.object({ id: stationIdSchema, name: z.string().min(1), type: z.enum(unitTypes) });
export type Unit = z.output<typeof unitSchema>;

export const stationStages = ['planned', 'construction', 'in-use', 'closed'] as const;
export const crsSchema = z.enum(['wgs84', 'gcj02', 'bd09']);
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time such as 07:30');
/** Weekdays 1 = Monday .. 7 = Sunday; `to` at or before `from` runs past midnight. An empty list = open 24 hours. */
export const hoursSchema = z.array(
  z.object({ days: z.array(z.number().int().min(1).max(7)).min(1), from: timeOfDay, to: timeOfDay }),
);

export const stationSchema = z.object({
  id: stationIdSchema,
  unit: stationIdSchema,
  name: z.string().min(1),
  address: z.string().optional(),
  stage: z.enum(stationStages).default('in-use'),
  /** As given; `crs` says in which system. */
  lat: z.number().min(-90).max(90).optional(),
  lon: z.number().min(-180).max(180).optional(),
  crs: crsSchema.default('wgs84'),
  host: z.object({ type: z.string(), name: z.string().optional(), hours: hoursSchema.optional() }).optional(),
  seats: z.number().int().nonnegative().optional(),
  areaM2: z.number().positive().optional(),
  hours: hoursSchema.default([]),
  entry: z.enum(['push', 'qr', 'id-card']).default('push'),
  nightPhone: z.string().optional(),
  note: z.string().optional(),
  supplies: z
    .array(
      z.object({
        sku: z.string().min(1),
        name: z.string().min(1),
        unit: z.string().min(1),
        minimum: z.number().nonnegative(),
        target: z.number().nonnegative(),
        /** Needed only in that season. */
        season: z.enum(['winter', 'summer']).optional(),
        /** Bought with an expiry date that somebody must watch (medicine). */
        expires: z.boolean().optional(),
      }),
    )
    .default([]),
});
export type Station = z.output<typeof stationSchema>;

export const deviceStages = ['not-handed-over', 'in-use', 'out-of-service'] as const;
export const deviceSchema = z.object({
  station: stationIdSchema,
  id: deviceIdSchema,
  kind: deviceKindSchema,
  name: z.string().optional(),
  model: z.string().optional(),
  stage: z.enum(deviceStages).default('in-use'),
  /** Epoch ms; with stage out-of-service. */
  outOfServiceUntil: z.number().int().optional(),
  reportingIntervalS: z.number().int().min(1).max(86_400).default(60),
  /** Tank of a dispenser; none for a plumbed one. */
  capacityMl: z.number().positive().optional(),
  /** Value at which a counter wraps to 0 (16-bit: 65536). */
  counterMax: z.number().int().positive().optional(),
  /** Totals survive a reboot: the first reading is the baseline. */
  persistentTotal: z.boolean().default(false),
  /** `in` and `out` are exchanged: the counter is mounted backwards. */
  swapDirection: z.boolean().default(false),
  /** Power above which a microwave without `state` counts as running, W. */
  runningAboveW: z.number().positive().default(200),
  /** Local hours in which silence is expected (a host that cuts the mains). */
  expectedSilence: hoursSchema.default([]),
});
export type Device = z.output<typeof deviceSchema>;

/** A login at the broker: `{station}/{device}`, `{station}` (gateway) or `{station}:replay`. */
export const loginSchema = z.object({
  name: z.string(),
  salt: z.string(),
  hash: z.string(),
  createdAt: z.number(),
  /** Epoch ms. A revoked login has the hash of a secret that nobody knows; only a new secret ends it. */
  revokedAt: z.number().optional(),
});
export type Login = z.output<typeof loginSchema>;

/** A person; `password` is an scrypt string `scrypt$N$r$p$salt$hash`. */
export const userSchema = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  displayName: z.string().optional(),
  role: z.enum(['admin']),
  password: z.string(),
  createdAt: z.number(),
});
export type User = z.output<typeof userSchema>;

export interface EntityDocuments {
  readonly district: District;
  readonly unit: Unit;
  readonly station: Station;
  readonly device: Device;
  readonly login: Login;
  readonly user: User;
}
export type EntityKind = keyof EntityDocuments;

/** The registry at one revision, in memory. Keys: unit id, station id, `{station}/{device}`, login name, user name. */
export interface RegistrySnapshot {
  readonly revision: number;
  readonly district: District;
  readonly units: ReadonlyMap<string, Unit>;
  readonly stations: ReadonlyMap<string, Station>;
  readonly devices: ReadonlyMap<string, Device>;
  readonly logins: ReadonlyMap<string, Login>;
  readonly users: ReadonlyMap<string, User>;
}

/** One change inside a revision; a null body removes the document. */
export type EntityChange = {
  [K in EntityKind]: { readonly kind: K; readonly id: string; readonly body: EntityDocuments[K] | null };
}[EntityKind];
