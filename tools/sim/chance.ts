import { randomAt } from "../fuzz/random.ts";

/** What one seed draws before it begins: how bad the line, the programs and the operators are. Probabilities 0 … 1. */
export type Weather = {
  loseRequest: number;
  loseAnswer: number;
  lateAnswer: number;
  lateRequest: number;
  corrupt: number;
  duplicate: number;
  /** At each fault point of the programs. */
  crash: number;
  /** Before each transaction: the task waits there while others go on. */
  interleave: number;
};

/** The chance of one seed: everything that is not decided by the code under test comes from here. */
export type Chance = {
  below(n: number): number;
  is(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** One of the keys, as likely as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
};

/** The stream of a seed. */
export function chanceOf(seed: number): Chance {
  const random = randomAt(seed, Math.floor(seed / 2 ** 31));
  const is = (probability: number) => random.below(1_000_000) < probability * 1_000_000;
  return {
    below: random.below,
    is,
    pick: random.pick,
    weighted(weights) {
      const entries = Object.entries(weights) as [keyof typeof weights, number][];
      let left = random.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
      for (const [key, weight] of entries) {
        if (left < weight) return key;
        left -= weight;
      }
      throw new Error("weights are whole numbers above zero");
    },
  };
}

/** Half of all seeds leave out a given kind of trouble altogether, the others draw how much of it there is. */
export function drawWeather(chance: Chance): Weather {
  const upTo = (max: number) => (chance.is(0.5) ? 0 : (chance.below(1000) / 1000) * max);
  return {
    loseRequest: upTo(0.3),
    loseAnswer: upTo(0.4),
    lateAnswer: upTo(0.4),
    lateRequest: upTo(0.3),
    corrupt: upTo(0.2),
    duplicate: upTo(0.2),
    crash: upTo(0.08),
    interleave: upTo(0.5),
  };
}
