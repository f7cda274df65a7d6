import { afterEach, beforeEach, expect, test } from "vitest";
import { type Control, openControl } from "./control.ts";
import { quiet } from "./log.ts";
import { townPlan } from "./plan.ts";
import type { TownSnapshot } from "./snapshot.ts";
import { createTown, type Town } from "./town.ts";

const plan = townPlan({ seed: 4, concentrators: 1, metersPer: 3 });
const address = plan.meters[1]!.address;
let town: Town;
let control: Control;

beforeEach(async () => {
  town = createTown({ plan, speed: 1, bus: { baud: "instant", replyDelayMs: 0 } });
  control = await openControl(town, 0, quiet);
});
afterEach(async () => {
  await control.close();
  await town.close();
});

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`http://127.0.0.1:${control.port}${path}`, { method, body: text, headers });
  return { status: response.status, body: (await response.json()) as Partial<TownSnapshot> };
}

const post = (path: string, body?: unknown) => call("POST", path, body);

test("the state shows every meter and concentrator", async () => {
  const { status, body } = await call("GET", "/state");
  expect(status).toBe(200);
  expect(body.meters).toHaveLength(3);
  expect(body.meters?.[0]).toMatchObject({
    relay: "open",
    tripCause: "credit",
    creditWh: 0,
    purchaseCount: 0,
    topUps: [],
  });
  expect(body.concentrators).toEqual([{ id: "JC000001", online: false, offline: false }]);
});

test("speed, credit, load, supply guard and the button can be set", async () => {
  expect(await post("/speed", { speed: 60 })).toEqual({ status: 200, body: { speed: 60 } });
  expect((await post(`/meters/${address}/load`, { watts: 0 })).body).toMatchObject({ powerW: 0 });
  expect((await post(`/meters/${address}/credit`, { wh: 5000 })).body).toMatchObject({ creditWh: 5000 });
  expect((await post(`/meters/${address}/load`, { watts: 1500 })).body).toMatchObject({ powerW: 1500 });
  expect((await post(`/meters/${address}/load`, { watts: null })).status).toBe(200);
  expect((await post(`/meters/${address}/keep-supply`, { on: true })).status).toBe(200);
  expect((await post(`/meters/${address}/credit`, { wh: 0 })).body).toMatchObject({
    relay: "open",
    tripCause: "credit",
  });
  expect((await post(`/meters/${address}/press-button`)).body).toMatchObject({ closed: false, relay: "open" });
});

test("meters and concentrators go offline and come back", async () => {
  expect((await post(`/meters/${address}/offline`, { offline: true })).body).toMatchObject({ offline: true });
  expect((await post(`/meters/${address}/offline`, { offline: false })).body).toMatchObject({ offline: false });
  expect((await post("/concentrators/JC000001/offline", { offline: true })).body).toEqual({
    id: "JC000001",
    offline: true,
  });
  expect(town.snapshot().concentrators[0]).toMatchObject({ offline: true });
});

test("faults replace the scopes that are named", async () => {
  await post("/faults", { everywhere: { loseAnswer: 0.5 }, offlineMeters: [address] });
  await post("/faults", { lines: { JC000001: { split: 1, interrupt: 0.5 } } });
  const { body } = await post("/faults", { meters: { [address]: { corrupt: 1, lateMs: 300 } } });
  expect(body).toMatchObject({
    everywhere: { loseAnswer: 0.5 },
    meters: { [address]: { corrupt: 1 } },
    lines: { JC000001: { split: 1, interrupt: 0.5 } },
    offlineMeters: [address],
  });
});

test.each([
  ["/speed", { speed: 0 }],
  ["/speed", { speed: "60" }],
  ["/speed", {}],
  ["/speed", "{ half"],
  ["/speed", [1]],
  ["/faults", { everywhere: { loseAnswer: 2 } }],
  ["/faults", { everywhere: { loseEverything: 1 } }],
  ["/faults", { everywhere: 1 }],
  ["/faults", { meters: { x: null } }],
  ["/faults", { lines: { x: { flap: 2 } } }],
  ["/faults", { lines: { x: { loseAnswer: 1 } } }],
  ["/faults", { offlineMeters: "all" }],
  ["/faults", { nowhere: {} }],
  [`/meters/${address}/credit`, { wh: 1.5 }],
  [`/meters/${address}/credit`, {}],
  [`/meters/${address}/load`, { watts: -1 }],
  [`/meters/${address}/load`, { watts: 80_000 }],
  [`/meters/${address}/offline`, { offline: 1 }],
])("wrong input to %s gets 400 and a sentence: %j", async (path, body) => {
  const before = town.snapshot();
  const answered = await post(path, body);
  expect(answered).toEqual({ status: 400, body: { error: expect.stringMatching(/\w+ \w+/) } });
  expect(town.snapshot().meters.map((m) => m.creditWh)).toEqual(before.meters.map((m) => m.creditWh));
});

test("what is not there gets 404, what is too long 413", async () => {
  for (const path of [
    "/meters/000000000000/credit",
    `/meters/${address}/explode`,
    "/concentrators/X/offline",
    "/",
    "/speed/x/y/z",
  ]) {
    expect((await post(path, { offline: true, wh: 1 })).status, path).toBe(404);
  }
  expect((await call("GET", "/speed")).status).toBe(404);
  expect((await post("/faults", { offlineMeters: ["x".repeat(70_000)] })).status).toBe(413);
});

test("a page of another site cannot steer the town", async () => {
  const refused = await call("POST", "/speed", { speed: 2 }, { origin: "https://example.com" });
  expect(refused.status).toBe(403);
  expect((await call("GET", "/state", undefined, { origin: "http://localhost:5173" })).status).toBe(200);
  expect(town.speed()).toBe(1);
});
