/** What a topic of the tree `ws/1/...` is for. */
export const channels = ['telemetry', 'status', 'command', 'result', 'action'] as const;
export type Channel = (typeof channels)[number];

/** A station or device id (DESIGN 4). */
export const idPattern = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** The name that stands in a device's place for what people do; no device may be called so. */
export const staffName = 'staff';

export interface Topic {
  readonly station: string;
  readonly device: string;
  readonly channel: Channel;
}

const topicPattern =
  /^ws\/1\/([a-z0-9][a-z0-9-]{0,31})\/([a-z0-9][a-z0-9-]{0,31})\/(telemetry|status|command|result|action)$/;

/** Parses a topic name; `undefined` for anything outside the tree. `action` exists only below `staff`, the others never do. */
export function parseTopic(topic: string): Topic | undefined {
  const match = topicPattern.exec(topic);
  if (match === null) return undefined;
  const [, station, device, channel] = match as unknown as [string, string, string, Channel];
  if ((device === staffName) !== (channel === 'action')) return undefined;
  return { station, device, channel };
}

/** The topic name of a device's channel. */
export function topicOf(station: string, device: string, channel: Channel): string {
  return `ws/1/${station}/${device}/${channel}`;
}
