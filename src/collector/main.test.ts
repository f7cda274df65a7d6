import { afterEach, describe, expect, test } from "vitest";
import { permissions, SCOPE_ALL } from "#domain/permission.ts";
import { recharge } from "#flows/recharge.ts";
import { requestCommand } from "#flows/request-command.ts";
import { encodeReadReply } from "#protocol/dlt645/commands.ts";
import { decodeFrame645, encodeFrame645 } from "#protocol/dlt645/frame.ts";
import { di } from "#protocol/dlt645/items.ts";
import { createTown, type Town } from "#simulator/town.ts";
import { BYE } from "./jichao-session.ts";
import { registered, type ScriptedConcentrator } from "./test-concentrator.ts";
import { openSite, type Site } from "./test-site.ts";

const CODE = "JC000001";
const actor = { userId: 1, login: "test", name: "test", permissions: new Set(permissions), scope: SCOPE_ALL };
const WAIT = { interval: 20 };
let site: Site | undefined;
let town: Town | undefined;

afterEach(async () => {
  await town?.close();
  await site?.close();
  town = undefined;
  site = undefined;
});

/** A site whose town is played by the simulator without waiting for wires. */
async function playedSite(metersPer = 3, env: Record<string, string> = {}) {
  const opened = await openSite({ metersPer });
  site = opened;
  const collector = await opened.collector(env);
  const played = createTown({ plan: opened.plan, speed: 1, bus: { baud: "instant", replyDelayMs: 0 } });
  town = played;
  played.dial({ host: "127.0.0.1", port: collector.linkPort });
  await played.whenOnline();
  const state = (address: string) =>
    opened.db.read
      .selectFrom("meter_state")
      .selectAll()
      .where("meter_id", "=", opened.meterIds.get(address) ?? 0)
      .executeTakeFirstOrThrow();
  const command = (id: string) =>
    opened.db.read.selectFrom("command").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  let keys = 0;
  const request = async (address: string, kind: "trip" | "close" | "read") => {
    const meterId = opened.meterIds.get(address) ?? 0;
    const asked = { meterId, key: `k${keys++}`, kind, reason: "test", ip: "" };
    const { commandId } = await requestCommand(opened.ctx, actor, asked);
    collector.nudge();
    return commandId;
  };
  return { site: opened, collector, town: played, state, command, request };
}

function addressOf(opened: Site, n: number): string {
  return opened.plan.meters[n]?.address ?? "";
}

const CLOSED_METER = 1; // the first meter of every town is tripped, the second has credit

/** The next question that a scripted concentrator is to forward. */
async function nextQuestion(concentrator: ScriptedConcentrator) {
  const { seq, message } = await concentrator.expect("forward");
  const decoded = decodeFrame645(message.content);
  if (!decoded.ok) throw new Error(decoded.reason);
  return { seq, frame: decoded.frame };
}

/** Every further question times out on the bus. */
async function answerNothing(concentrator: ScriptedConcentrator): Promise<void> {
  while (!concentrator.socket.destroyed) {
    const { seq } = await concentrator.expect("forward").catch(() => ({ seq: 0 }));
    concentrator.send({ type: "forwarded", status: 1, elapsedMs: 1, content: new Uint8Array() }, seq);
  }
}

describe("a collector reading", () => {
  test("brings every meter's registers into the database as they are", async () => {
    const { site, state, town } = await playedSite(4);
    const address = addressOf(site, CLOSED_METER);
    await expect.poll(async () => (await state(address)).relay, WAIT).not.toBeNull();
    await expect.poll(async () => (await state(addressOf(site, 0))).relay, WAIT).not.toBeNull();
    const known = await state(address);
    const truth = town.meter(address);
    expect(Math.abs((known.index_wh ?? 0) - (truth?.indexWh ?? 0))).toBeLessThan(20);
    expect(Math.abs((known.remaining_wh ?? 0) - (truth?.creditWh ?? 0))).toBeLessThan(20);
    expect(known.relay).toBe("closed");
    expect((await state(addressOf(site, 0))).relay).toBe("open");
  });

  test("keeps the frames it exchanged", async () => {
    const { site } = await playedSite(1);
    const frames = () => site.db.read.selectFrom("frame_log").select(["direction", "hex"]).orderBy("slot").execute();
    await expect.poll(async () => (await frames()).length, WAIT).toBeGreaterThanOrEqual(2);
    expect((await frames())[0]).toMatchObject({ direction: "sent", hex: expect.stringContaining("68") });
  });

  test("reports a meter that does not answer, and reads the others", async () => {
    const { site, state, town } = await playedSite(3, { JICHAO_READ_INTERVAL_SECONDS: "1" });
    const dead = addressOf(site, 2);
    town.setMeterOffline(dead, true);
    await expect.poll(async () => (await state(dead)).silent_rounds, WAIT).toBeGreaterThan(0);
    expect((await state(addressOf(site, 1))).silent_rounds).toBe(0);
  });

  test("stores nothing that the meter did not show, however bad the line", async () => {
    const { site, town } = await playedSite(6, { JICHAO_READ_INTERVAL_SECONDS: "1" });
    const bad = { loseRequest: 0.05, loseAnswer: 0.05, corrupt: 0.2, duplicate: 0.1, lateAnswer: 0.1, lateMs: 150 };
    town.setFaults({ everywhere: bad });
    const readings = () =>
      site.db.read.selectFrom("reading").select(["meter_id", "value"]).where("register", "=", 1).execute();
    await expect.poll(async () => (await readings()).length).toBeGreaterThan(10);
    const truth = new Map(site.plan.meters.map((each) => [site.meterIds.get(each.address), each]));
    for (const { meter_id, value } of await readings()) {
      const opening = truth.get(meter_id)?.initialIndexWh ?? Number.NaN;
      expect(value - opening).toBeGreaterThanOrEqual(0);
      expect(value - opening).toBeLessThan(1_000);
    }
  });

  test("marks its concentrator online, and offline when it stops", async () => {
    const { site, collector } = await playedSite(1);
    const online = async () =>
      (await site.db.read.selectFrom("concentrator").select("online").executeTakeFirst())?.online;
    expect(await online()).toBe(1);
    await collector.close();
    expect(await online()).toBe(0);
  });

  test("reads on after the concentrator lost its connection", async () => {
    const { site, town, state } = await playedSite(2, { JICHAO_READ_INTERVAL_SECONDS: "1" });
    const address = addressOf(site, 1);
    await expect.poll(async () => (await state(address)).index_at, WAIT).toBeGreaterThan(0);
    town.setConcentratorOffline(CODE, true);
    town.setConcentratorOffline(CODE, false);
    await town.whenOnline();
    const { index_at: before } = await state(address);
    await expect.poll(async () => (await state(address)).index_at, WAIT).toBeGreaterThan(before);
  });
});

describe("two sessions with one id", () => {
  test("the newest wins, the older hears goodbye, and its late answer is not taken for the new one's", async () => {
    site = await openSite({ metersPer: 1 });
    const collector = await site.collector({ JICHAO_EXCHANGE_TIMEOUT_MS: "5000" });
    const key = site.linkKey(CODE);
    const older = await registered(collector.linkPort, CODE, key);
    const asked = await nextQuestion(older);
    const newer = await registered(collector.linkPort, CODE, key);
    const again = await nextQuestion(newer);
    const index = (wh: number) =>
      encodeFrame645(encodeReadReply(again.frame.address, { item: "energyTotal", wh }, di.energyTotal));
    older.send({ type: "forwarded", status: 0, elapsedMs: 1, content: index(990) }, asked.seq);
    expect((await older.expect("bye")).message.reason).toBe(BYE.replaced);
    await older.closed;
    newer.send({ type: "forwarded", status: 0, elapsedMs: 1, content: index(1_230) }, again.seq);
    const readings = () => (site as Site).db.read.selectFrom("reading").select("value").execute();
    void answerNothing(newer);
    await expect.poll(readings, WAIT).toContainEqual({ value: 1_230 });
    expect(await readings()).not.toContainEqual({ value: 990 });
  });

  test("a session whose concentrator went to another collector is closed", async () => {
    site = await openSite({ metersPer: 1 });
    const [first, second] = [
      await site.collector({ JICHAO_COLLECTOR_ID: "first" }),
      await site.collector({ JICHAO_COLLECTOR_ID: "second" }),
    ];
    const key = site.linkKey(CODE);
    const older = await registered(first.linkPort, CODE, key);
    const newer = await registered(second.linkPort, CODE, key);
    expect((await older.expect("bye")).message.reason).toBe(BYE.replaced);
    const row = await site.db.read.selectFrom("concentrator").select(["owner", "online"]).executeTakeFirst();
    expect(row).toEqual({ owner: "second", online: 1 });
    newer.hangUp();
  });
});

describe("commands", () => {
  test("a trip is done when the relay reads open, a close when it reads closed", async () => {
    const { site, town, command, request, state } = await playedSite();
    const address = addressOf(site, CLOSED_METER);
    const trip = await request(address, "trip");
    await expect.poll(async () => (await command(trip)).state, WAIT).toBe("confirmed");
    expect(town.meter(address)?.relay).toBe("open");
    expect(await state(address)).toMatchObject({ relay: "open", relay_commanded: "open", off_cause: "operator" });
    const close = await request(address, "close");
    await expect.poll(async () => (await command(close)).state, WAIT).toBe("confirmed");
    expect(town.meter(address)?.relay).toBe("closed");
  });

  test("a trip that the meter refuses says why", async () => {
    const { site, town, command, request } = await playedSite();
    const address = addressOf(site, CLOSED_METER);
    town.setKeepSupply(address, true);
    const trip = await request(address, "trip");
    await expect.poll(async () => (await command(trip)).state, WAIT).toBe("refused");
    expect((await command(trip)).state_reason).not.toBe("");
    expect(town.meter(address)?.relay).toBe("closed");
  });

  test("a trip whose answer was lost is read back, not repeated", async () => {
    const { site, town, command, request } = await playedSite();
    const address = addressOf(site, CLOSED_METER);
    town.setFaults({ meters: { [address]: { loseAnswer: 1 } } });
    const trip = await request(address, "trip");
    await expect.poll(async () => (await command(trip)).state, WAIT).toBe("unknown");
    town.setFaults({ meters: {} });
    await expect.poll(async () => (await command(trip)).state, WAIT).toBe("confirmed");
    const sent = await site.db.read
      .selectFrom("frame_log")
      .select("hex")
      .where("command_id", "=", trip)
      .where("direction", "=", "sent")
      .execute();
    expect(sent.filter(({ hex }) => hex.slice(8 + 16, 8 + 18) === "1c")).toHaveLength(1);
  });

  test("a read asks everything and is done when it is recorded", async () => {
    const { site, command, request, state } = await playedSite(2, { JICHAO_READ_INTERVAL_SECONDS: "3600" });
    const address = addressOf(site, CLOSED_METER);
    const read = await request(address, "read");
    await expect.poll(async () => (await command(read)).state, WAIT).toBe("confirmed");
    expect(await state(address)).toMatchObject({ purchase_count_read: 0, voltage_mv: expect.any(Number) });
  });

  test("a command to a meter that cannot be reached waits", async () => {
    const { site, town, command, request } = await playedSite();
    const address = addressOf(site, CLOSED_METER);
    town.setMeterOffline(address, true);
    const read = await request(address, "read");
    await expect.poll(async () => (await command(read)).state_reason, WAIT).toBe("no_answer");
    expect((await command(read)).state).toBe("waiting");
  });

  test("a top-up reaches the meter once, and the board shows the new credit when it is confirmed", async () => {
    const { site, town, collector, state } = await playedSite();
    const address = addressOf(site, 0);
    const input = { meterId: site.meterIds.get(address) ?? 0, amount: "75.00", channel: "cash" as const, note: "" };
    const order = await recharge(site.ctx, actor, { ...input, key: "recharge-key-0000001", ip: "" });
    collector.nudge();
    const orderState = async () =>
      (await site.db.read.selectFrom("recharge_order").select("state").executeTakeFirst())?.state;
    await expect.poll(orderState, WAIT).toBe("confirmed");
    expect(order.created).toBe(true);
    expect(town.meter(address)?.topUps).toEqual([{ count: 1, amount: 10_000 }]);
    await expect.poll(async () => (await state(address)).remaining_wh, WAIT).toBe(100_000);
    await expect.poll(async () => town.meter(address)?.relay, WAIT).toBe("closed");
  });

  test("a top-up whose answer was lost is found in the meter and not sent again", async () => {
    const { site, town, collector } = await playedSite();
    const address = addressOf(site, CLOSED_METER);
    const count = () => town.meter(address)?.purchaseCount;
    const input = { meterId: site.meterIds.get(address) ?? 0, amount: "50.00", channel: "cash" as const, note: "" };
    await recharge(site.ctx, actor, { ...input, key: "recharge-key-0000002", ip: "" });
    town.setFaults({ meters: { [address]: { loseAnswer: 0.5 } } });
    collector.nudge();
    await expect.poll(count, WAIT).toBe(1);
    town.setFaults({ meters: {} });
    const orderState = async () =>
      (await site.db.read.selectFrom("recharge_order").select("state").executeTakeFirst())?.state;
    await expect.poll(orderState, WAIT).toBe("confirmed");
    expect(town.meter(address)?.topUps).toHaveLength(1);
  });
});
