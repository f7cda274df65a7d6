import { expect, test } from "vitest";
import { quiet } from "./log.ts";
import { runSimulator } from "./main.ts";
import { townPlan } from "./plan.ts";
import { scriptedCollector } from "./scripted-collector.ts";

const config = {
  host: "127.0.0.1",
  controlPort: 0,
  seed: 6,
  speed: 1,
  baud: "instant" as const,
  concentrators: 2,
  metersPer: 2,
};

test("the program dials with every concentrator, opens its panel, and ends with the signal", async () => {
  const server = await scriptedCollector(townPlan({ seed: 6, concentrators: 2, metersPer: 2 }));
  const stop = new AbortController();
  const running = await runSimulator({ ...config, linkPort: server.port }, quiet, stop.signal);
  const links = [await server.link(), await server.link()];
  expect(links.map((link) => link.id).sort()).toEqual(["JC000001", "JC000002"]);
  const state = await fetch(`http://127.0.0.1:${running.controlPort}/state`);
  expect(await state.json()).toMatchObject({ seed: 6, meters: [{}, {}, {}, {}] });
  stop.abort();
  await Promise.all(links.map((link) => link.closed));
  await running.close();
  await expect(fetch(`http://127.0.0.1:${running.controlPort}/state`)).rejects.toThrow();
  await server.close();
});
