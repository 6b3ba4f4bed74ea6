/** Chance as a dependency: the same seed gives the same numbers on every machine (whole-number arithmetic only). */
export interface Chance {
  /** Evenly spread in [0, 1). */
  next(): number;
  /** Evenly spread in [low, high). */
  between(low: number, high: number): number;
  /** True with the given probability. */
  happens(probability: number): boolean;
  /** Exponentially distributed with mean 1. */
  exponential(): number;
  /** Normally distributed, mean 0, deviation 1. */
  normal(): number;
}

/** A 32-bit hash of a text, well mixed (FNV-1a with the finalizer of MurmurHash3). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash);
}

function mix(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A stream of chance for one purpose; name the purpose in the seed, so that one more draw elsewhere changes nothing here. */
export function chanceOf(seed: string): Chance {
  let a = hashOf(`${seed}/a`);
  let b = hashOf(`${seed}/b`);
  let c = hashOf(`${seed}/c`);
  let counter = 1;
  // Doty-Humphrey's small fast counter generator, 32 bits.
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let warm = 0; warm < 12; warm += 1) next();
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    happens: (probability) => next() < probability,
    exponential: () => -Math.log(1 - next()),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

/** Chance that depends on a moment only, in [0, 1): a restarted simulator draws the same again. */
export function chanceAt(seed: number, moment: number): number {
  return (
    mix(Math.imul(seed ^ Math.floor(moment / 4_294_967_296), 0x9e3779b1) ^ (moment >>> 0)) / 4_294_967_296
  );
}

/** A wandering value in [-1, 1] that is a function of the moment: straight lines between one draw per period. */
export function driftAt(seed: number, at: number, periodMs: number): number {
  const period = Math.floor(at / periodMs);
  const from = chanceAt(seed, period);
  const to = chanceAt(seed, period + 1);
  return (from + (to - from) * (at / periodMs - period)) * 2 - 1;
}
