import { afterEach, expect, test } from "vitest";
import { openSite, type Site } from "../test-site.ts";

let site: Site | undefined;

afterEach(async () => {
  await site?.close();
  site = undefined;
});

test("the door says how the collector is, without a key", async () => {
  site = await openSite();
  const { doorPort } = await site.collector();
  const answer = await fetch(`http://127.0.0.1:${doorPort}/health`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    status: "ok",
    collector: "test",
    sessions: 0,
    commands: 0,
    readingsWaiting: 0,
  });
});

test("what is not there is refused in the house's shape", async () => {
  site = await openSite();
  const { doorPort } = await site.collector();
  const answer = await fetch(`http://127.0.0.1:${doorPort}/nowhere`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toMatchObject({ code: "not_found" });
});

test("a collector whose door is taken does not start, and lets go of its link port", async () => {
  site = await openSite();
  const first = await site.collector();
  const linkPort = String(await freeLinkPort(site));
  const taken = { JICHAO_COLLECTOR_HTTP_PORT: String(first.doorPort), JICHAO_LINK_PORT: linkPort };
  await expect(site.collector(taken)).rejects.toThrow(/EADDRINUSE/);
  const again = await site.collector({ JICHAO_LINK_PORT: linkPort });
  expect(again.linkPort).toBe(Number(linkPort));
});

/** A port that a collector has just given back. */
async function freeLinkPort(opened: Site): Promise<number> {
  const { linkPort, close } = await opened.collector();
  await close();
  return linkPort;
}
