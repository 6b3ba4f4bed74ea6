import type { Zone } from '@waystation/shared/runtime/zone';
import { type Chance, chanceOf } from './chance.ts';
import type { StationProfile } from './profile.ts';

/** One person's time in the room: when, and what for. All times epoch ms, whole seconds. */
export interface Visit {
  readonly arriveAt: number;
  readonly leaveAt: number;
  /** False for a person whom the door counter cannot see. */
  readonly seen: boolean;
  readonly water: { readonly at: number; readonly ml: number } | null;
  readonly meal: { readonly at: number; readonly runS: number } | null;
  readonly charge: { readonly at: number; readonly until: number } | null;
  readonly takes: { readonly at: number; readonly sku: string } | null;
}

const minuteMs = 60_000;
const slotMs = 30 * minuteMs;
/** One arrival in ten is two people who know each other. */
const pairShare = 0.1;

/**
 * The people who come in on the local day that starts at `dayStart`, in order of arrival.
 * The same profile, seed and day give the same people, whatever was planned before.
 */
export function planDay(profile: StationProfile, seed: string, zone: Zone, dayStart: number): Visit[] {
  const chance = chanceOf(`${seed}/${profile.station}/${dayStart}`);
  const dayEnd = zone.nextDayStart(dayStart);
  const slots: { start: number; weight: number }[] = [];
  for (let start = dayStart; start < dayEnd; start += slotMs) {
    slots.push({ start, weight: slotWeight(profile, zone, start) });
  }
  const total = slots.reduce((sum, slot) => sum + slot.weight, 0);
  const weekday = zone.parts(dayStart).weekday;
  const perDay = (profile.visitsPerDay * (profile.weekdays[weekday - 1] ?? 1)) / (1 + pairShare);
  const visits: Visit[] = [];
  for (const slot of slots) {
    if (slot.weight === 0) continue;
    const perSlot = (perDay * slot.weight) / total;
    for (let at = chance.exponential() / perSlot; at < 1; at += chance.exponential() / perSlot) {
      const arriveAt = wholeSecond(slot.start + at * slotMs);
      const people = chance.happens(pairShare) ? 2 : 1;
      for (let person = 0; person < people; person += 1) {
        visits.push(planVisit(profile, zone, chance, arriveAt + person * 2_000));
      }
    }
  }
  return visits.sort((a, b) => a.arriveAt - b.arriveAt);
}

function slotWeight(profile: StationProfile, zone: Zone, start: number): number {
  const { weekday, hour, minute } = zone.parts(start);
  if (profile.openAt !== undefined && !profile.openAt(weekday, hour * 60 + minute)) return 0;
  return profile.hours[hour] ?? 0;
}

function planVisit(profile: StationProfile, zone: Zone, chance: Chance, arriveAt: number): Visit {
  const { hour } = zone.parts(arriveAt);
  const atMeal = (hour >= 11 && hour < 14) || (hour >= 17 && hour < 20) || hour < 2;
  const wantsMeal = chance.happens(atMeal ? 0.35 : 0.1);
  const wantsCharge = profile.cells > 0 && chance.happens(profile.chargeShare(hour));
  const wantsWater = chance.happens(0.6);
  const sleeps = (hour >= 22 || hour < 5) && chance.happens(0.05);
  const median = wantsMeal || wantsCharge ? profile.longStayMin : profile.shortStayMin;
  const stayMin = sleeps ? chance.between(120, 360) : median * Math.exp(0.5 * chance.normal());
  const leaveAt = beforeClosing(
    profile,
    zone,
    arriveAt,
    arriveAt + Math.max(60_000, Math.min(stayMin, 480) * minuteMs),
  );
  const within = (share: number) =>
    wholeSecond(arriveAt + 10_000 + chance.next() * share * (leaveAt - arriveAt - 20_000));
  const chargeMs =
    profile.leaveBehindMin === null
      ? leaveAt - arriveAt - 45_000
      : profile.leaveBehindMin * Math.exp(0.35 * chance.normal()) * minuteMs;
  const skus = Object.keys(profile.shelf);
  const takes = chance.happens(0.06) ? skus[Math.floor(chance.next() * skus.length)] : undefined;
  return {
    arriveAt,
    leaveAt,
    seen: !chance.happens(profile.unseenShare),
    water: wantsWater ? { at: within(1), ml: 50 * Math.round(chance.between(4, 12)) } : null,
    meal: wantsMeal ? { at: within(0.4), runS: 30 * Math.round(chance.between(3, 9)) } : null,
    charge:
      wantsCharge && chargeMs > 5 * minuteMs
        ? { at: arriveAt + 30_000, until: wholeSecond(arriveAt + 30_000 + chargeMs) }
        : null,
    takes: takes === undefined ? null : { at: within(1), sku: takes },
  };
}

/** Everybody is out when the host closes. */
function beforeClosing(profile: StationProfile, zone: Zone, arriveAt: number, leaveAt: number): number {
  let leave = leaveAt;
  while (profile.openAt !== undefined && leave > arriveAt + minuteMs) {
    const { weekday, hour, minute } = zone.parts(leave);
    if (profile.openAt(weekday, hour * 60 + minute)) break;
    leave = Math.max(arriveAt + minuteMs, Math.floor((leave - 1) / slotMs) * slotMs);
  }
  return wholeSecond(leave);
}

function wholeSecond(at: number): number {
  return Math.round(at / 1_000) * 1_000;
}
