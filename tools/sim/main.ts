import { parseArgs } from "node:util";
import { mutants } from "./mutants.ts";
import { simulate } from "./simulate.ts";

const usage = `usage: npm run sim -- [--seeds 1000] [--from 1] [--workers 4]   stories of the money core, each from one seed
       npm run sim -- --seed 4711                                one story, told in full
       npm run sim -- --mutants [--seeds 2000]                   takes rules away one by one: each must be noticed
       npm run sim -- --mutant <${Object.keys(mutants).join("|")}>`;

const { values } = parseArgs({
  args: process.argv.slice(process.argv[2] === "--" ? 3 : 2),
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    workers: { type: "string", default: "4" },
    seed: { type: "string" },
    mutant: { type: "string" },
    mutants: { type: "boolean", default: false },
  },
});
const [seeds, from, workers] = [Number(values.seeds), Number(values.from), Number(values.workers)];
const isValid =
  [seeds, from, workers, Number(values.seed ?? 1)].every((each) => Number.isSafeInteger(each) && each >= 1) &&
  (values.mutant === undefined || values.mutant in mutants);
if (!isValid) {
  console.error(usage);
  process.exit(2);
}

if (values.mutants || values.mutant !== undefined) await hunt(values.mutant ? [values.mutant] : Object.keys(mutants));
else if (values.seed !== undefined) await one(Number(values.seed));
else await all();

async function all(): Promise<void> {
  let said = 0;
  const say = (told: number) => {
    if (told - said < 1000) return;
    said = told;
    console.error(`${told} of ${seeds} seeds`);
  };
  const {
    failed,
    hashes: _,
    ...result
  } = await simulate({ from, seeds, workers, mutant: null, stopAtFirst: false, say });
  const shown = failed.slice(0, 10).map(({ seed, violations }) => ({ seed, violations: violations.slice(0, 3) }));
  console.log(JSON.stringify({ ...result, from, violations: failed.length, failed: shown }));
  for (const { seed } of shown) console.error(`to see it: npm run sim -- --seed ${seed}`);
  process.exit(failed.length === 0 ? 0 : 1);
}

async function one(seed: number): Promise<void> {
  const { openStoryDatabase } = await import("./site.ts");
  const { tell } = await import("./story.ts");
  const site = await openStoryDatabase();
  const { trace, violations, hash } = await tell(site.db, seed);
  await site.close();
  for (const line of trace) console.error(line);
  console.log(JSON.stringify({ seed, hash, steps: trace.length, violations }));
  process.exit(violations.length === 0 ? 0 : 1);
}

/** Every mutant must be caught by some seed; what it was caught at is printed. */
async function hunt(names: readonly string[]): Promise<void> {
  let escaped = 0;
  for (const mutant of names) {
    const result = await simulate({ from, seeds, workers, mutant, stopAtFirst: true });
    const first = result.failed.sort((a, b) => a.seed - b.seed)[0];
    if (!first) escaped++;
    console.log(
      JSON.stringify({
        mutant,
        what: mutants[mutant]?.what,
        caught: first !== undefined,
        seeds: result.seeds,
        seconds: result.seconds,
        ...(first && { seed: first.seed, violation: first.violations[0] }),
      }),
    );
  }
  process.exit(escaped === 0 ? 0 : 1);
}
