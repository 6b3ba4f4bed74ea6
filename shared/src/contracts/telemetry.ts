import { z } from 'zod';
import { idPattern } from './topics.ts';

/** A cumulative count: a whole number that a double holds exactly. */
const total = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const amount = z.number().nonnegative().max(1e12);
const celsius = z.number().min(-60).max(200);
const percent = z.number().min(0).max(100);
const watts = z.number().min(-100).max(100_000);
const name = z.string().min(1).max(64);

export const cellStates = ['free', 'occupied', 'fault', 'disabled'] as const;
export type CellState = (typeof cellStates)[number];

const atLeastOne = (value: object) => Object.values(value).some((field) => field !== undefined);

/** Data of one reading, per device kind (DESIGN 4). Unknown extra fields are dropped. */
export const dataSchemas = {
  'door-counter': z.object({ in: total, out: total, blocked: z.boolean().optional() }),
  'water-dispenser': z
    .object({
      levelMl: amount.optional(),
      dispensedMl: amount.optional(),
      hotC: celsius.optional(),
      filterPct: percent.optional(),
      leak: z.boolean().optional(),
      powerW: watts.optional(),
    })
    .refine(atLeastOne, 'needs at least one of levelMl, dispensedMl, hotC, filterPct, leak, powerW'),
  'charging-locker': z.object({
    cells: z
      .array(
        z.object({
          id: name,
          state: z.enum(cellStates),
          charging: z.boolean().optional(),
          powerW: watts.optional(),
        }),
      )
      .min(1)
      .max(64),
    tempC: celsius.optional(),
    smoke: z.boolean().optional(),
  }),
  microwave: z
    .object({
      state: z.enum(['idle', 'running', 'fault']).optional(),
      cycles: total.optional(),
      runS: amount.optional(),
      doorOpen: z.boolean().optional(),
      powerW: watts.optional(),
    })
    .refine(atLeastOne, 'needs at least one of state, cycles, runS, doorOpen, powerW'),
  'supply-shelf': z.object({
    items: z
      .array(z.object({ sku: name, quantity: amount }))
      .min(1)
      .max(100),
  }),
  environment: z
    .object({
      tempC: celsius.optional(),
      humidityPct: percent.optional(),
      co2Ppm: z.number().min(0).max(50_000).optional(),
      motion: z.boolean().optional(),
      smoke: z.boolean().optional(),
      mainsPower: z.boolean().optional(),
    })
    .refine(atLeastOne, 'needs at least one of tempC, humidityPct, co2Ppm, motion, smoke, mainsPower'),
  'door-lock': z.object({ locked: z.boolean(), open: z.boolean() }),
  'help-button': z.object({ presses: total }),
} as const;

export type DeviceKind = keyof typeof dataSchemas;
export const deviceKinds = Object.keys(dataSchemas) as [DeviceKind, ...DeviceKind[]];
export const deviceKindSchema = z.enum(deviceKinds);
export type DataOf<K extends DeviceKind> = z.output<(typeof dataSchemas)[K]>;
export type ReadingData = { [K in DeviceKind]: DataOf<K> }[DeviceKind];

/** Cumulative fields of each kind: they start at 0 in a session unless the device has a persistent total. */
export const counterFields = {
  'door-counter': ['in', 'out'],
  'water-dispenser': ['dispensedMl'],
  'charging-locker': [],
  microwave: ['cycles', 'runS'],
  'supply-shelf': [],
  environment: [],
  'door-lock': [],
  'help-button': ['presses'],
} as const satisfies Record<DeviceKind, readonly string[]>;

export const maxReadingsPerMessage = 500;
export const sessionSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');
export const seqSchema = z
  .number()
  .int()
  .min(0)
  .max(2 ** 48);
/** Device time, epoch ms. Whether it is believable is judged later, against the receive time. */
export const atSchema = z
  .number()
  .int()
  .min(0)
  .max(8_640_000_000_000_000 / 1000);

/** The envelope around readings; `data` is checked afterwards against the kind. */
const head = { session: sessionSchema, kind: deviceKindSchema, late: z.boolean().optional() };
const one = { seq: seqSchema, at: atSchema, data: z.unknown() };
export const singleEnvelopeSchema = z.object({ ...head, ...one });
/** One reading of a batch. */
export const readingEnvelopeSchema = z.object(one);
export type ReadingEnvelope = z.output<typeof readingEnvelopeSchema>;
/** A batch whose readings are still to be checked one by one. */
export const batchHeadSchema = z.object({
  ...head,
  readings: z.array(z.unknown()).min(1).max(maxReadingsPerMessage),
});
export const batchEnvelopeSchema = z.object({
  ...head,
  readings: z.array(z.object(one)).min(1).max(maxReadingsPerMessage),
});

/** Birth and last will of a device (DESIGN 4). */
export const statusSchema = z.object({
  session: sessionSchema,
  online: z.boolean(),
  at: atSchema.optional(),
  kind: deviceKindSchema.optional(),
  model: z.string().max(64).optional(),
  firmware: z.string().max(64).optional(),
});
export type StatusMessage = z.output<typeof statusSchema>;

export const resultSchema = z.object({
  id: z.string().min(1).max(64),
  ok: z.boolean(),
  error: z.string().max(500).optional(),
});
export type ResultMessage = z.output<typeof resultSchema>;
export const commandSchema = z.object({
  id: z.string().min(1).max(64),
  name: z.string().min(1).max(64),
  args: z.record(z.string(), z.unknown()).optional(),
  expiresAt: atSchema,
});

export const stationIdSchema = z
  .string()
  .regex(idPattern, 'must be 1 to 32 of a-z, 0-9 and "-", not starting with "-"');
export const deviceIdSchema = stationIdSchema.refine((id) => id !== 'staff', 'may not be "staff"');
