/** Chance that can be had again: the same seed and index give the same numbers, whatever was drawn before. */
export type Random = {
  /** 0 … n − 1. */
  below(n: number): number;
  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean;
  byte(): number;
  pick<T>(from: readonly T[]): T;
};

/** The numbers for one input (splitmix32, started from seed and index). */
export function randomAt(seed: number, index: number): Random {
  let state = (mixed(seed | 0) ^ mixed((index | 0) + 0x9e3779b9)) | 0;
  const next = () => {
    state = (state + 0x9e3779b9) | 0;
    return mixed(state) >>> 0;
  };
  const below = (n: number) => Math.floor((next() / 0x1_0000_0000) * n);
  return {
    below,
    chance: (percent) => below(100) < percent,
    byte: () => next() & 0xff,
    pick(from) {
      const one = from[below(from.length)];
      if (one === undefined) throw new Error("nothing to pick from");
      return one;
    },
  };
}

function mixed(value: number): number {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}
