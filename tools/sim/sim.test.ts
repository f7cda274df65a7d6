import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../source-files.ts";
import { mutants, mutate } from "./mutants.ts";
import { simulate } from "./simulate.ts";

/** Seeds that once showed a defect; each stays. */
const REGRESSIONS = [1300, 1333, 1797, 3586];

const whole = { workers: 2, mutant: null, stopAtFirst: false };

test("stories of many seeds violate nothing, and a repeat goes the same way", async () => {
  const first = await simulate({ ...whole, from: 1, seeds: 60 });
  expect(first.failed.map(({ seed, violations }) => ({ seed, violations }))).toEqual([]);
  expect(first.seeds).toBe(60);
  for (const deed of ["pay", "crash", "restart", "start top_up", "withdraw", "settle", "time"]) {
    expect(first.deeds[deed], deed).toBeGreaterThan(0);
  }
  const again = await simulate({ ...whole, from: 1, seeds: 6 });
  for (const [seed, hash] of Object.entries(again.hashes)) expect(first.hashes[Number(seed)]).toBe(hash);
}, 240_000);

test.each(REGRESSIONS)(
  "seed %i, which once found a defect, violates nothing",
  async (seed) => {
    const { failed } = await simulate({ ...whole, from: seed, seeds: 1, workers: 1, steps: 36 });
    expect(failed).toEqual([]);
  },
  60_000,
);

test.each(Object.entries(mutants))("the mutant %s still fits the code", (_, mutant) => {
  for (const file of new Set(mutant.edits.map((edit) => edit.file))) {
    const source = readFileSync(join(root, file), "utf8");
    expect(mutate(file, source, mutant)).not.toBe(source);
  }
});

test.each(["drop_read_back", "drop_fence", "skip_key"])(
  "without its rule %s the stories are violated",
  async (mutant) => {
    const { failed, seeds } = await simulate({ from: 1, seeds: 400, workers: 2, mutant, stopAtFirst: true });
    expect(failed.length, `${seeds} seeds saw nothing`).toBeGreaterThan(0);
  },
  240_000,
);
