import { parseArgs } from "node:util";
import { type GaleraEvent, galeraChaos, galeraEvents } from "./galera.ts";
import { rechargeChaos } from "./recharge.ts";
import { takeOverChaos } from "./take-over.ts";

const usage = `usage: npm run chaos -- recharge  [--runs 200] [--seed 1] [--db sqlite|mariadb] [--per-run 3]
       npm run chaos -- take-over [--runs 200] [--seed 1] [--db sqlite|mariadb]
       npm run chaos -- galera    [--rounds 3] [--seed 1] [--event kill-writer …]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
    event: { type: "string", multiple: true },
    seed: { type: "string", default: "1" },
    db: { type: "string", default: "sqlite" },
    "per-run": { type: "string", default: "3" },
  },
});

const say = (line: string) => console.error(line);
const options = {
  runs: Number(values.runs),
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  database: values.db === "mariadb" ? ("mariadb" as const) : ("sqlite" as const),
  perRun: Number(values["per-run"]),
};
const events: readonly GaleraEvent[] = galeraEvents.filter((event) => values.event?.includes(event) ?? true);
const isValid =
  events.length === (values.event?.length ?? galeraEvents.length) &&
  ["sqlite", "mariadb"].includes(values.db) &&
  [options.runs, options.rounds, options.seed, options.perRun].every(
    (value) => Number.isSafeInteger(value) && value >= 0,
  );

const stories = {
  recharge: () => rechargeChaos(options, say),
  "take-over": () => takeOverChaos(options, say),
  galera: () => galeraChaos({ ...options, events }, say),
};

const [story = ""] = positionals;
if (!isValid || !Object.hasOwn(stories, story)) {
  console.error(usage);
  process.exit(2);
}
// What was started goes with us: programs at the event `exit`, databases when their standard input ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
const report = await stories[story as keyof typeof stories]();
console.log(JSON.stringify(report));
process.exit(report.ok ? 0 : 1);
