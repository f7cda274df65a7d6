import { parseArgs } from "node:util";
import { type ChaosOptions, rechargeChaos } from "./recharge.ts";

const usage = "usage: npm run chaos -- recharge [--runs 200] [--seed 1] [--db sqlite|mariadb] [--per-run 3]";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    db: { type: "string", default: "sqlite" },
    "per-run": { type: "string", default: "3" },
  },
});

const options: ChaosOptions = {
  runs: Number(values.runs),
  seed: Number(values.seed),
  database: values.db === "mariadb" ? "mariadb" : "sqlite",
  perRun: Number(values["per-run"]),
};
const isValid =
  positionals[0] === "recharge" &&
  ["sqlite", "mariadb"].includes(values.db) &&
  [options.runs, options.seed, options.perRun].every((value) => Number.isSafeInteger(value) && value >= 0);

if (!isValid) {
  console.error(usage);
  process.exit(2);
}
const report = await rechargeChaos(options, (line) => console.error(line));
console.log(JSON.stringify(report));
process.exit(report.ok ? 0 : 1);
