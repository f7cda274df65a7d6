import { parseArgs } from "node:util";
import type { BenchLine, BenchOptions } from "./line-format.ts";

/** Every bench by name; each is loaded only when it is asked for. */
const benches: Readonly<Record<string, () => Promise<{ bench(options: BenchOptions): Promise<BenchLine[]> }>>> = {
  "close-month": () => import("./close-month.ts"),
  codec: () => import("./codec.ts"),
  control: () => import("./control.ts"),
  fleet: () => import("./fleet.ts"),
  "fleet-sqlite": () => import("./fleet-sqlite.ts"),
  ingest: () => import("./ingest.ts"),
  ledger: () => import("./ledger.ts"),
  line: () => import("./line.ts"),
  reports: () => import("./reports.ts"),
  settle: () => import("./settle.ts"),
};

const OPTIONS = {
  meters: { type: "string" },
  concentrators: { type: "string" },
  seconds: { type: "string" },
  days: { type: "string" },
} as const;
const { values, positionals: names } = parseArgs({
  args: process.argv.slice(2),
  options: OPTIONS,
  allowPositionals: true,
});
const options: BenchOptions = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const unknown = names.filter((name) => !(name in benches));
if (names.length === 0 || unknown.length > 0) {
  console.error(
    `usage: npm run bench -- <name …> [--meters n] [--concentrators n] [--seconds n] [--days n], one of: ${Object.keys(benches).join(", ")}`,
  );
  process.exit(2);
}
for (const name of names) {
  const { bench } = (await benches[name]?.()) ?? { bench: async (_: BenchOptions): Promise<BenchLine[]> => [] };
  for (const line of await bench(options)) console.log(JSON.stringify(line));
}
process.exit(0);
