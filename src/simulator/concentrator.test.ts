import { afterEach, expect, test } from "vitest";
import { type Bytes, fromHex } from "#protocol/bytes.ts";
import { decodeAnswer, encodeRead } from "#protocol/dlt645/commands.ts";
import { encodeFrame645, type Frame645, framesIn645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { encodeTopUp } from "#protocol/dlt645/prepay.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { type BusTiming, lineMs } from "./bus.ts";
import { townPlan } from "./plan.ts";
import { type ScriptedCollector, scriptedCollector } from "./scripted-collector.ts";
import { createTown, type Town } from "./town.ts";

const plan = townPlan({ seed: 4, concentrators: 1, metersPer: 3 });
const [first, second] = [plan.meters[0]!, plan.meters[1]!];
const INSTANT: BusTiming = { baud: "instant", replyDelayMs: 0 };

let closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(closing.map((each) => each.close()));
  closing = [];
});

async function collector(how: Parameters<typeof scriptedCollector>[1] = {}): Promise<ScriptedCollector> {
  const made = await scriptedCollector(plan, how);
  closing.push(made);
  return made;
}

function town(bus: BusTiming, target: ScriptedCollector): Town {
  const made = createTown({ plan, speed: 1, bus });
  closing.push(made);
  made.dial({ host: "127.0.0.1", port: target.port });
  return made;
}

const read = (address: string): Bytes => encodeFrame645(encodeRead(address, di.energyTotal));
const answersIn = (content: Bytes): Frame645[] => framesIn645(content);

test("a concentrator proves itself, is welcomed, and carries questions to its meters", async () => {
  const server = await collector();
  const t = town(INSTANT, server);
  const link = await server.link();
  expect(link).toMatchObject({ id: "JC000001", proved: true });
  await t.whenOnline();
  const { status, content } = await link.forward(read(first.address));
  expect(status).toBe(0);
  expect(answersIn(content).map(decodeAnswer)).toMatchObject([{ kind: "reading", reading: { item: "energyTotal" } }]);
  expect(t.snapshot().concentrators).toEqual([{ id: "JC000001", online: true, offline: false }]);
});

test("a server that cannot prove itself is refused, and nothing that it asks is done", async () => {
  const server = await collector({ wrongMac: true });
  const t = town(INSTANT, server);
  const link = await server.link();
  const topUp = { amount: 100, count: 1, customer: first.customerNumber, operator: "01000000" };
  const frame = encodeTopUp(nodeCiphers, fromHex(first.rechargeKey)!, first.address, topUp);
  void link.forward(encodeFrame645(frame));
  await link.closed;
  expect(t.meter(first.address)?.purchaseCount).toBe(0);
  expect(t.snapshot().concentrators[0]?.online).toBe(false);
  const again = await server.link(); // it goes on trying
  await again.closed;
});

test("silence of a meter is reported as a timeout after the asked time", async () => {
  const server = await collector();
  town(INSTANT, server);
  const link = await server.link();
  const { status, elapsedMs, content } = await link.forward(read("202699999999"), { timeoutMs: 60 });
  expect(status).toBe(1);
  expect(content).toHaveLength(0);
  expect(elapsedMs).toBeGreaterThanOrEqual(59);
  expect(elapsedMs).toBeLessThan(10_000);
});

test("a second question to a busy bus is turned away, the first one is answered", async () => {
  const server = await collector();
  town({ baud: 9600, replyDelayMs: 20 }, server);
  const link = await server.link();
  const asked = link.forward(read(first.address));
  const turnedAway = await link.forward(read(second.address));
  expect(turnedAway).toMatchObject({ status: 2, elapsedMs: 0 });
  expect(await asked).toMatchObject({ status: 0 });
  expect(await link.forward(read(second.address))).toMatchObject({ status: 0 });
});

test("a port that is not there is named as such", async () => {
  const server = await collector();
  town(INSTANT, server);
  const link = await server.link();
  expect(await link.forward(read(first.address), { port: 7 })).toMatchObject({ status: 3 });
});

test("the line takes its time: 11 bits a byte both ways and the reply delay", async () => {
  const server = await collector();
  town({ baud: 4800, replyDelayMs: 25 }, server);
  const link = await server.link();
  const request = read(first.address);
  const { elapsedMs, content } = await link.forward(request);
  const expectedMs = lineMs(request.length, 4800) + 25 + lineMs(content.length, 4800);
  expect(elapsedMs).toBeGreaterThanOrEqual(Math.floor(expectedMs));
  expect(elapsedMs).toBeLessThan(expectedMs + 60);
});

test("an answer that comes too late is heard by the next question", async () => {
  const server = await collector();
  const t = town(INSTANT, server);
  const link = await server.link();
  t.setFaults({ meters: { [first.address]: { lateAnswer: 1, lateMs: 100 } } });
  expect(await link.forward(read(first.address), { timeoutMs: 50 })).toMatchObject({ status: 1 });
  t.setMeterOffline(second.address, true);
  const { status, content } = await link.forward(read(second.address), { timeoutMs: 1000 });
  expect(status).toBe(0);
  expect(answersIn(content).map((frame) => frame.address)).toEqual([first.address]);
});

test("meters that speak at once are heard as noise, which ends with the gap", async () => {
  const server = await collector();
  town(INSTANT, server);
  const link = await server.link();
  const { status, elapsedMs, content } = await link.forward(read("AAAAAAAAAAAA"), { timeoutMs: 5000, gapMs: 30 });
  expect(status).toBe(0);
  expect(content.length).toBeGreaterThan(0);
  expect(answersIn(content)).toEqual([]);
  expect(elapsedMs).toBeGreaterThanOrEqual(29);
});

test("it beats its heart, answers a ping and leaves on a goodbye, to come back", async () => {
  const server = await collector({ heartbeatSeconds: 1 });
  town(INSTANT, server);
  const link = await server.link();
  link.send({ type: "ping", rssi: 0, queue: 0, clockMs: 0 }, 77);
  expect(await link.next()).toMatchObject({ seq: 77, message: { type: "pong" } });
  expect(await link.next()).toMatchObject({ message: { type: "ping", queue: 0 } });
  link.send({ type: "bye", reason: 1 }, 78);
  await link.closed;
  expect(await server.link()).toMatchObject({ proved: true });
});

test("a broken connection is made again; a switched-off concentrator stays away until it is switched on", async () => {
  const server = await collector();
  const t = town(INSTANT, server);
  (await server.link()).hangUp();
  const link = await server.link();
  t.setConcentratorOffline("JC000001", true);
  await link.closed;
  expect(t.snapshot().concentrators).toEqual([{ id: "JC000001", online: false, offline: true }]);
  t.setConcentratorOffline("JC000001", false);
  await server.link();
  await t.whenOnline("JC000001");
});

test("a question whose connection broke still has its effect in the meter", async () => {
  const server = await collector();
  const t = town({ baud: 9600, replyDelayMs: 20 }, server);
  const link = await server.link();
  const topUp = { amount: 100, count: 1, customer: first.customerNumber, operator: "01000000" };
  const frame = encodeFrame645(encodeTopUp(nodeCiphers, fromHex(first.rechargeKey)!, first.address, topUp));
  void link.forward(frame);
  await link.forward(read(first.address)); // busy: so the first one has arrived
  link.hangUp();
  const next = await server.link();
  await expect.poll(async () => (await next.forward(read(first.address))).status).toBe(0);
  expect(t.meter(first.address)).toMatchObject({ purchaseCount: 1, creditWh: 1000 });
});
