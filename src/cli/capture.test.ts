import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { townPlan } from "#simulator/plan.ts";
import { systemClock } from "#system/clock.ts";
import { until } from "../../test/until.ts";
import { world } from "../../test/world.ts";
import { captureCommand } from "./capture.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function asked(folder: string, ...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await captureCommand(args, io, { folder, nowMs: systemClock() });
  return { code, out, text: out.join("\n"), err: err.join("\n") };
}

test("what a collector and its concentrators said is kept, decoded and explained", async () => {
  const folder = await mkdtemp(join(tmpdir(), "jichao-captured-"));
  folders.push(folder);
  const plan = townPlan({ seed: 1, concentrators: 2, metersPer: 2, waterPer: 0 });
  const w = await world({ database: "sqlite", plan, collector: false });
  await w.startCollector({}, { captureFolder: folder });
  const room = plan.meters[1]?.room ?? "";
  await until("a meter is read", async () => (await w.meterAt(room)).last_answer_at > 0);
  await w.close();
  const all = await asked(folder, "--since", "1h");
  expect(all.code).toBe(0);
  expect(all.text).toMatch(/登记为 registered as JC000001 \(jichao\)/);
  expect(all.text).toMatch(/JC000002 127\.0\.0\.1 #\d+ → 4a43/);
  const one = await asked(folder, "--concentrator", "JC000001", "--explain");
  expect(one.text).toContain("减33H");
  expect(one.text).not.toContain("JC000002 127");
  const json = (await asked(folder, "--json")).out.map((line) => JSON.parse(line));
  expect(json.filter(({ event }) => event === "heard").length).toBeGreaterThan(4);
  for (const { key } of plan.concentrators) expect(all.text).not.toContain(key);
  expect((await asked(folder, "--since", "2020-01-01", "--until", "2020-01-02")).code).toBe(1);
  expect((await asked(folder, "--since", "soon")).code).toBe(2);
  expect((await asked(folder, "--nonsense")).err).toContain("usage");
});
