import { parseArgs } from "node:util";
import { type BenchLine, type BenchOptions, isBenchDatabase } from "./line-format.ts";

/** Every bench by name; each is loaded only when it is asked for. */
const benches: Readonly<Record<string, () => Promise<{ bench(options: BenchOptions): Promise<BenchLine[]> }>>> = {
  "close-month": () => import("./close-month.ts"),
  codec: () => import("./codec.ts"),
  console: () => import("./console.ts"),
  control: () => import("./control.ts"),
  export: () => import("./export.ts"),
  fleet: () => import("./fleet.ts"),
  "fleet-sqlite": () => import("./fleet-sqlite.ts"),
  http: () => import("./http.ts"),
  ingest: () => import("./ingest.ts"),
  ledger: () => import("./ledger.ts"),
  line: () => import("./line.ts"),
  reports: () => import("./reports.ts"),
  settle: () => import("./settle.ts"),
  store: () => import("./store.ts"),
};

const OPTIONS = {
  meters: { type: "string" },
  concentrators: { type: "string" },
  operators: { type: "string" },
  seconds: { type: "string" },
  days: { type: "string" },
  minutes: { type: "string" },
  database: { type: "string" },
} as const;
const { values, positionals: names } = parseArgs({
  args: process.argv.slice(2),
  options: OPTIONS,
  allowPositionals: true,
});
const { database, ...numbers } = values;
const options: BenchOptions = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)]));
if (isBenchDatabase(database)) options.database = database;
const unknown = names.filter((name) => !(name in benches));
if (names.length === 0 || unknown.length > 0 || (database !== undefined && !isBenchDatabase(database))) {
  console.error(
    `usage: npm run bench -- <name …> [--meters n] [--concentrators n] [--operators n] [--seconds n] [--days n] [--minutes n] [--database sqlite|mariadb], one of: ${Object.keys(benches).join(", ")}`,
  );
  process.exit(2);
}
for (const name of names) {
  const { bench } = (await benches[name]?.()) ?? { bench: async (_: BenchOptions): Promise<BenchLine[]> => [] };
  for (const line of await bench(options)) console.log(JSON.stringify(line));
}
process.exit(0);
