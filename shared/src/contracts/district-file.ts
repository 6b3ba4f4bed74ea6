import { z } from 'zod';
import { deviceSchema, districtSchema, stationSchema, unitSchema } from './registry-documents.ts';

const secret = z.string().min(16, 'must have at least 16 characters').max(128);

/** A device in a district file: its registry document without the station, and a secret when it is not to be generated. */
const fileDeviceSchema = z.strictObject({
  ...deviceSchema.omit({ station: true }).shape,
  secret: secret.optional(),
});

/** A station with its devices; `gateway: true` makes a login that speaks for all of them. */
const fileStationSchema = z.strictObject({
  ...stationSchema.shape,
  gateway: z.boolean().default(false),
  gatewaySecret: secret.optional(),
  devices: z.array(fileDeviceSchema).default([]),
});

/** The district file (YAML): organisation, stations, devices, supplies (DESIGN 4). Unknown keys are errors: a typo must not be silent. */
export const districtFileSchema = z.strictObject({
  district: z.strictObject(districtSchema.shape),
  units: z.array(z.strictObject(unitSchema.shape)).default([]),
  stations: z.array(fileStationSchema).default([]),
});
/** A file that fits the schema, with nothing but what it names: what it leaves out is not changed by an import. */
export type DistrictFile = z.input<typeof districtFileSchema>;
