import { parseArgs } from "node:util";
import { rechargeChaos } from "./recharge.ts";
import { takeOverChaos } from "./take-over.ts";

const usage = `usage: npm run chaos -- recharge  [--runs 200] [--seed 1] [--db sqlite|mariadb] [--per-run 3]
       npm run chaos -- take-over [--runs 200] [--seed 1] [--db sqlite|mariadb]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    db: { type: "string", default: "sqlite" },
    "per-run": { type: "string", default: "3" },
  },
});

const say = (line: string) => console.error(line);
const options = {
  runs: Number(values.runs),
  seed: Number(values.seed),
  database: values.db === "mariadb" ? ("mariadb" as const) : ("sqlite" as const),
  perRun: Number(values["per-run"]),
};
const isValid =
  ["sqlite", "mariadb"].includes(values.db) &&
  [options.runs, options.seed, options.perRun].every((value) => Number.isSafeInteger(value) && value >= 0);

const [story] = positionals;
if (!isValid || (story !== "recharge" && story !== "take-over")) {
  console.error(usage);
  process.exit(2);
}
const report = await (story === "recharge" ? rechargeChaos(options, say) : takeOverChaos(options, say));
console.log(JSON.stringify(report));
process.exit(report.ok ? 0 : 1);
