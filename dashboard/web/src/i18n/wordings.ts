import type { CellState, DeviceKind } from '@waystation/shared/contracts/telemetry';
import type { Age } from '../truth/age.ts';
import type { Need, NeedCode } from '../truth/needs.ts';
import type { Translate } from './translate.ts';
import type { MessageKey } from './zh.ts';

/** Which text says which value of a contract. Written out, so that a new value without words is a type error. */
export const kindWords: Record<DeviceKind, MessageKey> = {
  'door-counter': 'kind.doorCounter',
  'water-dispenser': 'kind.waterDispenser',
  'charging-locker': 'kind.chargingLocker',
  microwave: 'kind.microwave',
  'supply-shelf': 'kind.supplyShelf',
  environment: 'kind.environment',
  'door-lock': 'kind.doorLock',
  'help-button': 'kind.helpButton',
};

const needWords: Record<NeedCode, MessageKey> = {
  leak: 'need.leak',
  smoke: 'need.smoke',
  'cell-fault': 'need.cellFault',
  'microwave-fault': 'need.microwaveFault',
  blocked: 'need.blocked',
  'clock-offset': 'need.clockOffset',
  'counter-reset': 'need.counterReset',
  fault: 'need.fault',
  'water-low': 'need.waterLow',
  silent: 'need.silent',
  stale: 'need.stale',
  never: 'need.never',
  'no-devices': 'need.noDevices',
  ok: 'need.ok',
};

export const cellWords: Record<CellState | 'charging', MessageKey> = {
  free: 'locker.free',
  occupied: 'locker.occupied',
  charging: 'locker.charging',
  fault: 'locker.fault',
  disabled: 'locker.disabled',
};

const ageWords: Record<Age['unit'], MessageKey> = {
  second: 'age.second',
  minute: 'age.minute',
  hour: 'age.hour',
  day: 'age.day',
};

const stageWords: Readonly<Record<string, MessageKey>> = {
  planned: 'stage.planned',
  construction: 'stage.construction',
  closed: 'stage.closed',
  'not-handed-over': 'stage.notHandedOver',
  'out-of-service': 'stage.outOfService',
};

const entryWords: Readonly<Record<string, MessageKey>> = {
  push: 'entry.push',
  qr: 'entry.qr',
  'id-card': 'entry.idCard',
};

const weekdayWords: readonly MessageKey[] = [
  'week.1',
  'week.2',
  'week.3',
  'week.4',
  'week.5',
  'week.6',
  'week.7',
];

export function sayAge(age: Age, t: Translate): string {
  return t(ageWords[age.unit], { n: age.value });
}

/** "漏水", or with a number of devices "未更新 2 台". */
export function sayNeed(need: Need, t: Translate): string {
  const what = t(needWords[need.code]);
  return need.count !== undefined && need.count > 1 ? t('need.devices', { what, n: need.count }) : what;
}

/** The word of a stage that is not "in use"; null for one in use. */
export function sayStage(stage: string, t: Translate): string | null {
  const key = stageWords[stage];
  return key ? t(key) : null;
}

export function sayEntry(entry: string, t: Translate): string {
  const key = entryWords[entry];
  return key ? t(key) : entry;
}

/** Weekday 1 = Monday .. 7 = Sunday. */
export function sayWeekday(day: number, t: Translate): string {
  const key = weekdayWords[day - 1];
  return key ? t(key) : String(day);
}
