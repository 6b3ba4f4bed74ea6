import type { Device } from '@waystation/shared/contracts/registry-documents';
import { hourShapes, type StationProfile } from './world/profile.ts';

/** What makes a station of the demo district more than ordinary: its people, and how its devices fail to see them. */
export interface Story {
  readonly profile: Partial<StationProfile> & { readonly visitsPerDay: number };
  readonly faults?: StationFaults;
}

/** Faults that can be set on a station's devices. `hour` and `minute` are local. */
export interface StationFaults {
  /** In and out are exchanged: the counter is mounted backwards. */
  readonly swapDirection?: boolean;
  /** Devices that have said nothing for three days. */
  readonly dead?: readonly string[];
  /** While true, router or mains of the room are off. `day` is the day of the month. */
  readonly silent?: (hour: number, minute: number, day: number) => boolean;
  /** Door lock says locked. */
  readonly locked?: (hour: number) => boolean;
  /** Added to the room's temperature, degrees. `day` is the day of the month. */
  readonly coldC?: (hour: number, day: number) => number;
  /** Rest of the water filter, %. */
  readonly filterPct?: number;
  /** Level of the tank shortly after the start, ml: a volunteer comes soon. */
  readonly startLevelMl?: number;
  /** All devices go through one gateway that hands over only each so many hours. */
  readonly buffersHours?: number;
  /** A new station has no past before. */
  readonly installedDaysAgo?: number;
}

const day = 12;
const mealPeak = (hour: number) => (hour >= 11 && hour < 13) || (hour >= 18 && hour < 20);

/** Every station of the demo district by id. */
const demoStories: Readonly<Record<string, Story>> = {
  'kg-xiangyun': { profile: { visitsPerDay: 200, cells: 12 }, faults: { startLevelMl: 3_600 } },
  'kg-guomen': { profile: { visitsPerDay: day, capacityMl: null }, faults: { filterPct: 4 } },
  'kg-gongyequ': { profile: { visitsPerDay: day, hours: hourShapes.nightShift } },
  'kg-yuxiang': {
    profile: { visitsPerDay: day, cells: 0, openAt: (_weekday, minute) => minute >= 450 && minute < 1_320 },
    faults: { silent: (hour, minute) => hour * 60 + minute < 450 || hour >= 22 },
  },
  'kg-wanke': {
    profile: { visitsPerDay: day, cells: 0, openAt: (_weekday, minute) => minute >= 600 && minute < 1_320 },
  },
  'kg-yumin': {
    profile: {
      visitsPerDay: 2,
      cells: 0,
      capacityMl: null,
      openAt: (weekday, minute) =>
        weekday <= 5 ? minute >= 540 && minute < 1_020 : minute >= 600 && minute < 960,
    },
  },
  'hs-qihang': {
    profile: {
      visitsPerDay: 200,
      cells: 10,
      chargeShare: (hour) => (mealPeak(hour) ? 0.9 : 0.35),
      leaveBehindMin: 70,
    },
  },
  'tz-fuyou': { profile: { visitsPerDay: day }, faults: { swapDirection: true } },
  'nfx-wuliu': { profile: { visitsPerDay: 200, hours: hourShapes.freight, capacityMl: null, cells: 12 } },
  'sl-zhengwu': {
    // Nobody gets in while the ID reader fails.
    profile: {
      visitsPerDay: day,
      capacityMl: null,
      openAt: (_weekday, minute) => minute >= 420 && minute < 1_200,
    },
    faults: { locked: (hour) => hour >= 20 || hour < 7 },
  },
  'gm-shunping': {
    profile: { visitsPerDay: day },
    faults: { silent: (hour, minute) => hour % 6 === 3 && minute < 40 },
  },
  'sy-beiqu': { profile: { visitsPerDay: day }, faults: { dead: ['door-1'] } },
  'sf-taihe': { profile: { visitsPerDay: day } },
  'wq-xixin': { profile: { visitsPerDay: day, unseenShare: 0.6 } },
  'mp-xincheng': { profile: { visitsPerDay: 2 }, faults: { installedDaysAgo: 1 } },
  'nls-dangqun': { profile: { visitsPerDay: day, capacityMl: null } },
  'yz-dajie': {
    profile: { visitsPerDay: 2, hours: hourShapes.street },
    // The heating fails in the first cold nights of each week of the month.
    faults: { coldC: (hour, of) => (of % 7 < 2 && (hour >= 22 || hour < 7) ? -11 : 0) },
  },
  'lq-zhengwu': { profile: { visitsPerDay: 2, hours: hourShapes.street }, faults: { buffersHours: 6 } },
};

const ordinary: Story = { profile: { visitsPerDay: day } };

/** The story of the station that these devices stand in. */
export function storyOf(devices: readonly Device[]): Story {
  return demoStories[devices[0]?.station ?? ''] ?? ordinary;
}
