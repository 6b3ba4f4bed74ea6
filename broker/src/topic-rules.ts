import { parseTopic } from '@waystation/shared/contracts/topics';
import type { Principal } from './principal.ts';

/** Levels of the topics of DESIGN 4: ws/1/station/device/channel. */
const topicLevels = 5;
/** Beyond this Aedes closes the connection before it asks our rules; within it a denied filter gets SUBACK 0x80. */
export const maxTopicLevels = 16;

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point (FACTS: Aedes lets U+0000 through)
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/;

export function hasControlCharacters(text: string): boolean {
  return controlCharacters.test(text);
}

/** May this principal publish to this topic name? Everything outside `ws/1/...` (and so `$SYS/`) is denied. */
export function mayPublish(principal: Principal, topicName: string): boolean {
  const topic = parseTopic(topicName);
  if (topic === undefined) return false;
  const fromDevice =
    topic.channel === 'telemetry' || topic.channel === 'status' || topic.channel === 'result';
  switch (principal.kind) {
    case 'device':
      return fromDevice && topic.station === principal.station && topic.device === principal.device;
    case 'gateway':
      return fromDevice && topic.station === principal.station;
    case 'replay':
      return topic.channel === 'telemetry' && topic.station === principal.station;
    case 'service':
      return principal.name === 'dashboard' && (topic.channel === 'action' || topic.channel === 'command');
  }
}

/**
 * May this principal subscribe to this filter? A device hears its own commands, a gateway those of its station's devices, the dashboard results.
 * Shared subscriptions are denied: Aedes grants them and never delivers (FACTS).
 */
export function maySubscribe(principal: Principal, filter: string): boolean {
  const levels = filter.split('/');
  if (levels.length !== topicLevels || levels[0] !== 'ws' || levels[1] !== '1') return false;
  const [, , station, device, channel] = levels as [string, string, string, string, string];
  // A wildcard stands for one whole level; `+` inside a word is not valid MQTT (FACTS: Aedes accepts it).
  const concrete = device === '+' ? `ws/1/${station}/any/${channel}` : filter;
  switch (principal.kind) {
    case 'device':
      return filter === `ws/1/${principal.station}/${principal.device}/command`;
    case 'gateway':
      return channel === 'command' && station === principal.station && parseTopic(concrete) !== undefined;
    case 'replay':
      return false;
    case 'service':
      return (
        principal.name === 'dashboard' &&
        channel === 'result' &&
        parseTopic(station === '+' ? concrete.replace('/+/', '/any/') : concrete) !== undefined
      );
  }
}

/** Topics that leave the broker again. Readings and presence go to the journal only: there is no one to deliver them to. */
export function isDelivered(topicName: string): boolean {
  return topicName.endsWith('/command') || topicName.endsWith('/result');
}
