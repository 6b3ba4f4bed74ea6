import type { Decoded } from './decode.ts';
import type { DeviceState } from './device-state.ts';

/** Why the registry refuses a message. */
export interface Refusal {
  readonly reason: string;
  /** One sentence that names the field. */
  readonly message: string;
}

export const notRegistered: Refusal = {
  reason: 'unknown_device',
  message: 'No device of this name is registered at this station.',
};

/** What the registry says against a message, if anything. */
export function refusal(
  decoded: Extract<Decoded, { type: 'telemetry' | 'status' }>,
  device: DeviceState | undefined,
): Refusal | undefined {
  if (device === undefined) return notRegistered;
  const { kind } = device.registered;
  const said = decoded.type === 'telemetry' ? decoded.kind : decoded.status.kind;
  if (said === undefined || said === kind) return undefined;
  return {
    reason: 'wrong_kind',
    message: `kind: the device is registered as ${kind}, the message says ${said}.`,
  };
}
