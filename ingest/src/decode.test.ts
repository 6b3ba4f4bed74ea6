import type { MessageRecord } from '@waystation/shared/contracts/journal-record';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from './decode.ts';

const receivedAt = 1_764_547_200_000;
const decode = (body: unknown, more: Partial<MessageRecord> = {}) =>
  decodeMessage({
    type: 'message',
    receivedAt,
    connection: 'c',
    login: 's/d',
    will: false,
    topic: 'ws/1/s/d/telemetry',
    payload: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    ...more,
  });
const reading = { session: 'a', seq: 1, at: receivedAt, kind: 'door-counter', data: { in: 1, out: 0 } };

describe('a message', () => {
  for (const [name, body, reason, text] of [
    ['broken JSON', '{"session"', 'not_json', /^Not JSON/],
    ['no JSON object', '7', 'bad_envelope', /^message: /],
    ['no session', { ...reading, session: undefined }, 'bad_envelope', /^session: /],
    ['an unknown kind', { ...reading, kind: 'toaster' }, 'bad_envelope', /^kind: /],
    ['a text as time', { ...reading, at: 'now' }, 'bad_envelope', /^at: .*string/],
    [
      '501 readings',
      { session: 'a', kind: 'door-counter', readings: Array(501).fill({}) },
      'bad_envelope',
      /^readings: /,
    ],
  ] as const) {
    it(`with ${name} is rejected by a sentence that names the field`, () => {
      expect(decode(body)).toMatchObject({
        type: 'rejected',
        station: 's',
        device: 'd',
        reason,
        message: expect.stringMatching(text),
      });
    });
  }

  it('outside the topic tree is rejected', () => {
    expect(decode(reading, { topic: 'ws/2/s/d/telemetry' })).toMatchObject({
      type: 'rejected',
      station: null,
      reason: 'bad_topic',
    });
  });

  it('keeps the good readings of a batch and rejects the bad ones', () => {
    const readings = [
      { seq: 1, at: 1, data: { in: 1, out: 1 } },
      { seq: 'x', at: 1, data: {} },
      { seq: 3, at: 1, data: { in: -1, out: 1 } },
      { seq: 4, at: 1, data: { in: 2, out: 1 } },
    ];
    expect(decode({ session: 'a', kind: 'door-counter', readings }, { login: 's:replay' })).toMatchObject({
      replay: true,
      readings: [
        { index: 0, seq: 1, clockReplaced: false },
        { index: 3, seq: 4 },
      ],
      rejections: [
        { index: 1, reason: 'bad_envelope' },
        { index: 2, reason: 'bad_data', message: expect.stringMatching(/^data\.in: /) },
      ],
    });
  });

  it('drops and counts fields that it does not know, also inside lists', () => {
    const locker = {
      ...reading,
      kind: 'charging-locker',
      extra: 1,
      data: { cells: [{ id: '1', state: 'free', colour: 'red' }], fan: 3 },
    };
    expect(decode(locker)).toMatchObject({
      readings: [{ data: { cells: [{ id: '1', state: 'free' }] }, droppedFields: 3 }],
    });
  });

  for (const [name, at, login, replaced] of [
    ['5 minutes ahead', receivedAt + 300_000, 's/d', false],
    ['more than 5 minutes ahead', receivedAt + 300_001, 's/d', true],
    ['35 days behind', receivedAt - 35 * 86_400_000, 's/d', false],
    ['more than 35 days behind', receivedAt - 35 * 86_400_000 - 1, 's/d', true],
    ['20 years behind by a replay', receivedAt - 7_300 * 86_400_000, 's:replay', false],
    ['ahead by a replay', receivedAt + 300_001, 's:replay', true],
  ] as const) {
    it(`with a clock ${name} is ${replaced ? 'dated by its receipt' : 'believed'}`, () => {
      expect(decode({ ...reading, at }, { login })).toMatchObject({
        readings: [{ at: replaced ? receivedAt : at, deviceAt: at, clockReplaced: replaced }],
      });
    });
  }
});
