import type { BenchLine } from "./line-format.ts";

/** Every bench by name; each is loaded only when it is asked for. */
const benches: Readonly<Record<string, () => Promise<{ bench(): Promise<BenchLine[]> }>>> = {
  "close-month": () => import("./close-month.ts"),
  codec: () => import("./codec.ts"),
  ledger: () => import("./ledger.ts"),
  line: () => import("./line.ts"),
  settle: () => import("./settle.ts"),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in benches));
if (names.length === 0 || unknown.length > 0) {
  console.error(`usage: npm run bench -- <name …>, one of: ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
for (const name of names) {
  const { bench } = (await benches[name]?.()) ?? { bench: async () => [] };
  for (const line of await bench()) console.log(JSON.stringify(line));
}
process.exit(0);
