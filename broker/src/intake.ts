import { encodeRecord } from '@waystation/shared/contracts/journal-record';
import type { JournalWriter } from '@waystation/shared/journal/writer';
import type { Log } from '@waystation/shared/runtime/log';
import type { Client, PublishPacket } from 'aedes';
import { isWill } from './aedes-internals.ts';
import type { Chronicle } from './chronicle.ts';
import type { BrokerCounters } from './counters.ts';
import type { Session, Sessions } from './session.ts';
import { mayPublish } from './topic-rules.ts';

/** Topic decisions remembered per connection; a gateway of 100 devices with three topics each fits. */
const maxRememberedTopics = 512;
const denialLoggedEveryMs = 60_000;

export interface IntakeParts {
  readonly journal: JournalWriter;
  readonly chronicle: Chronicle;
  readonly sessions: Sessions;
  readonly counters: BrokerCounters;
  readonly log: Log;
  readonly maxPacketBytes: number;
}

type Callback = (error?: Error | null) => void;
type Hook = (client: Client | null, packet: PublishPacket, callback: Callback) => void;

/**
 * The durable intake: Aedes calls this hook before it sends PUBACK, and goes on when `callback` is called without an error
 * (FACTS: the only point where "acknowledged" can mean "on disk"). With an error it closes the connection without PUBACK and the device
 * sends again, which is right when the disk is full. A topic outside the rules closes the connection too: an acknowledgement would be a lie.
 * QoS 0 is journaled as well. QoS 2 is taken as it comes: journaled once when it arrives, and Aedes keeps it exactly once towards the sender.
 */
export function createIntake(parts: IntakeParts): Hook {
  const { journal, chronicle, sessions, counters, maxPacketBytes } = parts;

  const append = (session: Session | undefined, packet: PublishPacket, will: boolean, callback: Callback) => {
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const record = encodeRecord({
      type: 'message',
      receivedAt: chronicle.receiveTime(),
      connection: session?.connection ?? '',
      login: session?.login ?? '',
      will,
      topic: packet.topic,
      payload,
    });
    journal.append(record, (error) => {
      if (error === null) {
        counters.accepted += 1;
        counters.acceptedBytes += payload.length;
        callback(null);
      } else {
        counters.refusedByJournal += 1;
        callback(error);
      }
    });
  };

  return (client, packet, callback) => {
    const session = sessions.get(client);
    const will = isWill(client, packet);
    // Aedes' own `$SYS` messages do not pass here; whoever else publishes without a login is refused.
    if (session === undefined) return callback(new Error('not logged in'));
    if (!isAllowed(session, packet.topic)) {
      counters.deniedTopics += 1;
      logDenial(session, packet.topic, chronicle.receiveTime(), parts.log);
      return callback(new Error(`${session.login} may not publish to ${packet.topic}`));
    }
    if (packet.payload.length > maxPacketBytes) {
      counters.oversized += 1;
      return callback(new Error(`payload over ${maxPacketBytes} bytes`));
    }
    if (packet.retain) {
      packet.retain = false;
      counters.retainStripped += 1;
    }
    if (will) {
      counters.wills += 1;
      return append(session, packet, true, callback);
    }
    if (session.rate === undefined || session.rate.take()) return append(session, packet, false, callback);
    counters.slowed += 1;
    session.rate.later(() => append(session, packet, false, callback));
  };
}

function isAllowed(session: Session, topic: string): boolean {
  const known = session.allowedTopics.get(topic);
  if (known !== undefined) return known;
  const allowed = mayPublish(session.principal, topic);
  if (session.allowedTopics.size < maxRememberedTopics) session.allowedTopics.set(topic, allowed);
  return allowed;
}

function logDenial(session: Session, topic: string, now: number, log: Log): void {
  if (now - session.lastDenialLoggedAt < denialLoggedEveryMs) return;
  session.lastDenialLoggedAt = now;
  log.warn('topic denied, connection closed', { login: session.login, topic: topic.slice(0, 200) });
}
