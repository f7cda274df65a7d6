import { describe, expect, test } from "vitest";
import { later } from "#base/time.ts";
import { claimCommands } from "#flows/claim-commands.ts";
import type { ClaimedCommand } from "#flows/claimed-command.ts";
import { claimConcentrator } from "#flows/own-concentrators.ts";
import { recordReadings } from "#flows/record-readings.ts";
import { markSent, RELAY_DID_NOT_MOVE, settleCommand } from "#flows/settle-command.ts";
import type { CommandTable } from "#store/schema-commands.ts";
import { testDatabases } from "#store/test-databases.ts";
import { type World, world } from "./world.ts";

/** A world in which the test itself plays the collector: what the wire might do is told step by step. */
async function stage(database: "sqlite" | "mariadb") {
  const w = await world({ database, collector: false, metersPer: 40 });
  const owned = await claimConcentrator(w.ctx, { code: "JC000001", kind: "jichao", collector: "a" });
  if (!owned) throw new Error("no concentrator");
  const claim = async (kind?: string): Promise<ClaimedCommand[]> => {
    const claimed = await claimCommands(w.ctx, { collector: "a", concentrators: [owned], limit: 100 });
    return kind === undefined ? claimed : claimed.filter((each) => each.kind === kind);
  };
  const only = async (kind: string): Promise<ClaimedCommand> => {
    const [first, ...more] = await claim(kind);
    if (!first || more.length > 0) throw new Error(`${more.length + (first ? 1 : 0)} commands of kind ${kind}`);
    return first;
  };
  const report = (meterId: number, values: Parameters<typeof recordReadings>[1]["reports"][number]["values"]) =>
    recordReadings(w.ctx, {
      collector: "a",
      reports: [{ meterId, measuredAt: w.ctx.clock(), values }],
      silences: [],
      frames: [],
    });
  const sent = (claimed: ClaimedCommand) => markSent(w.ctx, claimed, (number) => `bytes ${number}`);
  const row = (id: string): Promise<CommandTable> =>
    w.db.read.selectFrom("command").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  return { w, claim, only, report, sent, row };
}

const open = { word: 0x50, relayOpen: true, fault: false };
const closed = { word: 0, relayOpen: false, fault: false };
const holder = (w: World) =>
  w.plan.meters.find(
    (meter) => meter.creditAt === "meter" && meter.closesBy === "direct" && meter.initialCreditWh > 50_000,
  )?.room ?? "";
const serverRoom = (w: World) =>
  w.plan.meters.find((meter) => meter.creditAt === "server" && meter.closesBy === "direct")?.room ?? "";

/** Two readings that use up everything: the account is in arrears, and a trip waits. */
async function intoArrears(
  w: World,
  label: string,
  report: Awaited<ReturnType<typeof stage>>["report"],
): Promise<number> {
  const meter = await w.meterAt(label);
  await w.db.transact((tx) =>
    tx.updateTable("meter").set({ power_max_w: 1_000_000_000_000 }).where("id", "=", meter.id).execute(),
  );
  for (const step of [400_000, 400_001]) {
    w.letPass(11_000);
    await report(meter.id, { energyWh: (meter.index_wh ?? 0) + step, status: closed });
    await w.settle();
  }
  return meter.id;
}

describe.each(testDatabases)("doubts about supply on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("an old close that was never answered does not put a meter back on that an operator has cut since", async () => {
    const { w, claim, only, report, sent, row } = await stage(name);
    const { id } = await w.meterAt(holder(w));
    const close = await w.command(id, "close");
    const claimedClose = await only("close");
    await sent(claimedClose);
    await settleCommand(w.ctx, claimedClose, { kind: "silent" });
    await w.command(id, "trip");
    expect((await row(close)).state).toBe("cancelled");
    const trip = await only("trip");
    await sent(trip);
    expect(await settleCommand(w.ctx, trip, { kind: "confirmed", result: {} })).toBe("done");
    await report(id, { status: open });
    w.letPass(5 * 3_600_000);
    expect(await claim("close")).toEqual([]);
    expect(await settleCommand(w.ctx, claimedClose, { kind: "read_back_relay", relayOpen: true })).toBe("fenced");
    expect(await w.meterAt(holder(w))).toMatchObject({ relay: "open", off_cause: "operator" });
  });

  on(
    "a trip for arrears that got no answer is not sent again after the payment; what it may have done is undone",
    async () => {
      const { w, claim, only, report, sent, row } = await stage(name);
      const label = serverRoom(w);
      const id = await intoArrears(w, label, report);
      const trip = await only("trip");
      await sent(trip);
      await settleCommand(w.ctx, trip, { kind: "silent" });
      await w.recharge(id, "5000");
      expect((await row(trip.id)).state).toBe("cancelled");
      w.letPass(60_000);
      const claimed = await claim();
      expect(claimed.map((each) => each.kind)).toEqual(["close"]);
      const [close] = claimed;
      if (!close) throw new Error("nothing claimed");
      expect(close.cause).toBe("paid");
      expect((await sent(close)).ok).toBe(true);
    },
  );

  on("a payment that comes between claiming and sending a trip keeps the supply on", async () => {
    const { w, only, report, sent, row } = await stage(name);
    const id = await intoArrears(w, serverRoom(w), report);
    const trip = await only("trip");
    await w.db.transact((tx) =>
      tx.updateTable("ledger_account").set({ balance_e4: 1 }).where("kind", "=", "balance").execute(),
    );
    expect(await sent(trip)).toEqual({ ok: false, why: "not_due" });
    expect(await row(trip.id)).toMatchObject({ state: "cancelled", state_reason: "in_credit", meter_id: id });
  });

  on("a supply guard that is set while a trip waits holds it, an operator's too", async () => {
    const { w, only, report, sent, row } = await stage(name);
    const id = await intoArrears(w, serverRoom(w), report);
    const guard = (meterId: number) =>
      w.db.transact((tx) => tx.updateTable("meter").set({ supply_guard: 1 }).where("id", "=", meterId).execute());
    const trip = await only("trip");
    await guard(id);
    expect(await sent(trip)).toEqual({ ok: false, why: "not_due" });
    expect((await row(trip.id)).state_reason).toBe("guarded");
    const other = await w.meterAt(holder(w));
    await w.command(other.id, "trip");
    const byHand = await only("trip");
    await guard(other.id);
    expect(await sent(byHand)).toEqual({ ok: false, why: "not_due" });
  });

  on("an operator's trip outweighs arrears: a payment does not undo it", async () => {
    const { w, claim, only, report, sent } = await stage(name);
    const label = serverRoom(w);
    const id = await intoArrears(w, label, report);
    const arrears = await only("trip");
    await sent(arrears);
    await settleCommand(w.ctx, arrears, { kind: "silent" });
    await w.command(id, "trip");
    const byHand = await only("trip");
    expect(byHand.cause).toBe("operator");
    await sent(byHand);
    await settleCommand(w.ctx, byHand, { kind: "confirmed", result: {} });
    expect(await settleCommand(w.ctx, arrears, { kind: "read_back_relay", relayOpen: true })).toBe("fenced");
    await w.recharge(id, "5000");
    expect(await claim("close")).toEqual([]);
    expect(await w.meterAt(label)).toMatchObject({ relay: "open", off_cause: "operator" });
  });

  on(
    "a trip that the meter refused leaves no mark: when it runs empty by itself later, a payment closes it",
    async () => {
      const { w, only, report, sent } = await stage(name);
      const label = holder(w);
      const { id } = await w.meterAt(label);
      await w.command(id, "trip");
      const trip = await only("trip");
      await sent(trip);
      await settleCommand(w.ctx, trip, { kind: "refused", reason: "other", codes: ["other"] });
      await report(id, { remainingWh: 0, status: open });
      expect((await w.meterAt(label)).off_cause).toBe("arrears");
    },
  );

  on("a trip for arrears that the relay obeys late is still one for arrears, and a payment undoes it", async () => {
    const { w, only, report, sent } = await stage(name);
    const label = serverRoom(w);
    const id = await intoArrears(w, label, report);
    const trip = await only("trip");
    await sent(trip);
    await settleCommand(w.ctx, trip, { kind: "refused", reason: RELAY_DID_NOT_MOVE, codes: [] });
    w.letPass(60_000);
    await report(id, { status: open });
    expect((await w.meterAt(label)).off_cause).toBe("arrears");
    await w.recharge(id, "5000");
    expect((await only("close")).cause).toBe("paid");
  });

  on("a meter whose reconnection was missed is found at its next settlement", async () => {
    const { w, only, report } = await stage(name);
    const label = serverRoom(w);
    const { id, index_wh } = await w.meterAt(label);
    await w.db.transact((tx) =>
      tx.updateTable("meter_state").set({ relay: "open", off_cause: "arrears" }).where("meter_id", "=", id).execute(),
    );
    w.letPass(1_000);
    await report(id, { energyWh: (index_wh ?? 0) + 1 });
    await w.settle();
    expect((await only("close")).cause).toBe("paid");
  });

  on(
    "a meter with its own credit that stayed dark after a refused close is tried again, but not at every reading",
    async () => {
      const { w, claim, only, report, sent } = await stage(name);
      const label = holder(w);
      const { id, index_wh } = await w.meterAt(label);
      await report(id, { remainingWh: 0, status: open });
      await w.recharge(id, "100");
      const topUp = await only("top_up");
      await sent(topUp);
      await settleCommand(w.ctx, topUp, { kind: "read_back", count: 1 });
      const close = await only("close");
      await sent(close);
      await settleCommand(w.ctx, close, { kind: "refused", reason: "other", codes: ["other"] });
      const settleOn = async (wh: number) => {
        w.letPass(1_000);
        await report(id, { energyWh: (index_wh ?? 0) + wh, remainingWh: 100_000, status: open });
        await w.settle();
        return (await claim("close")).length;
      };
      w.letPass(15 * 60_000);
      expect(await settleOn(1)).toBe(1);
      expect([await settleOn(2), await settleOn(3)]).toEqual([0, 0]);
    },
  );

  on("a permission to close is not given again at every reading while nobody presses the button", async () => {
    const { w, claim, report, sent } = await stage(name);
    const plan = w.plan.meters.find((meter) => meter.creditAt === "meter" && meter.closesBy === "button");
    const label = plan?.room ?? "";
    const { id, index_wh } = await w.meterAt(label);
    await report(id, { remainingWh: 50_000, status: closed });
    await w.db.transact((tx) =>
      tx.updateTable("meter_state").set({ relay: "open", off_cause: "arrears" }).where("meter_id", "=", id).execute(),
    );
    let given = 0;
    for (let reading = 1; reading <= 6; reading++) {
      w.letPass(60_000);
      await report(id, { energyWh: (index_wh ?? 0) + reading, status: open });
      await w.settle();
      for (const permission of await claim("permit_close")) {
        await sent(permission);
        await settleCommand(w.ctx, permission, { kind: "confirmed", result: {} });
        given++;
      }
    }
    expect(given).toBeLessThanOrEqual(2); // two only if a turn of the clock falls between
    expect(given).toBeGreaterThanOrEqual(1);
  });
});

describe.each(testDatabases)("doubts about money on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("a top-up that the meter refuses for now keeps its number and its bytes until it is taken", async () => {
    const { w, only, sent } = await stage(name);
    const { id } = await w.meterAt(w.hero);
    const orderNo = await w.recharge(id, "10");
    const first = await only("top_up");
    await sent(first);
    await settleCommand(w.ctx, first, { kind: "refused", reason: "over-hoard-limit", codes: ["over-hoard-limit"] });
    expect(await w.order(orderNo)).toMatchObject({ state: "unknown", stateReason: "refused:over-hoard-limit" });
    w.letPass(120_000);
    const again = await only("top_up");
    expect(again).toMatchObject({ mayHaveHappened: true, purchaseNumber: 1, frameHex: "bytes 1" });
    expect(await settleCommand(w.ctx, again, { kind: "read_back", count: 1 })).toBe("done");
    expect((await w.order(orderNo)).state).toBe("confirmed");
  });

  on("whatever clocks say, only the top-up that is under way goes on", async () => {
    const { w, claim, only, sent } = await stage(name);
    const { id } = await w.meterAt(w.hero);
    await w.recharge(id, "10");
    const first = await only("top_up");
    await sent(first);
    await settleCommand(w.ctx, first, { kind: "silent" });
    w.letPass(-3_600_000);
    const second = await w.recharge(id, "20");
    w.letPass(7_200_000);
    const next = await only("top_up");
    expect(next.id).toBe(first.id);
    expect(await settleCommand(w.ctx, next, { kind: "read_back", count: 1 })).toBe("done");
    const then = (await claim("top_up"))[0];
    if (!then) throw new Error("the second top-up is due");
    expect(await markSent(w.ctx, then, () => "x")).toMatchObject({ purchaseNumber: 2 });
    expect((await w.order(second)).state).toBe("sent");
  });

  on("a withdrawal in the middle of marking sent leaves nothing behind that blocks the meter", async () => {
    const { w, only, sent } = await stage(name);
    const { id } = await w.meterAt(w.hero);
    await w.recharge(id, "10");
    const claimed = await only("top_up");
    await w.db.transact((tx) =>
      tx.updateTable("command").set({ state: "cancelled" }).where("id", "=", claimed.id).execute(),
    );
    expect(await sent(claimed)).toEqual({ ok: false, why: "fenced" });
    expect((await w.meterAt(w.hero)).top_up_open).toBeNull();
  });

  on("what ran through with nothing left is paid for by the next purchase, once, at its price", async () => {
    const { w, only, report, sent } = await stage(name);
    const label = holder(w);
    const meter = await w.meterAt(label);
    const bought = w.plan.meters.find((each) => each.room === label)?.initialCreditWh ?? 0;
    const start = meter.index_wh ?? 0;
    await w.db.transact((tx) =>
      tx.updateTable("meter").set({ power_max_w: 1_000_000_000_000 }).where("id", "=", meter.id).execute(),
    );
    const use = async (wh: number) => {
      w.letPass(1_000);
      await report(meter.id, { energyWh: start + wh });
      await w.settle();
    };
    await use(bought + 5_000);
    await w.db.transact((tx) => tx.updateTable("meter").set({ price_e4: 5_000 }).where("id", "=", meter.id).execute());
    await w.recharge(meter.id, "5");
    const claimed = await only("top_up");
    await sent(claimed);
    await settleCommand(w.ctx, claimed, { kind: "confirmed", result: {} });
    expect((await w.verify()).problems).toEqual([]);
    await use(bought + 10_000);
    const credit = await w.db.read
      .selectFrom("ledger_account")
      .select("balance_e4")
      .where("id", "=", `meter_credit:${meter.id}`)
      .executeTakeFirstOrThrow();
    expect(credit.balance_e4).toBe(0);
    expect((await w.verify()).problems).toEqual([]);
  });

  on("purchase numbers end where the meter's register ends, with an instruction", async () => {
    const { w } = await stage(name);
    const { id } = await w.meterAt(w.hero);
    await w.db.transact((tx) =>
      tx.updateTable("meter_state").set({ purchase_count: 9_998 }).where("meter_id", "=", id).execute(),
    );
    await w.recharge(id, "10");
    await expect(w.recharge(id, "10")).rejects.toMatchObject({ code: "purchase_numbers_used_up" });
  });

  on("a first reading below what was written down at the take-over is no usage", async () => {
    const { w, report } = await stage(name);
    const label = serverRoom(w);
    const { id, index_wh } = await w.meterAt(label);
    w.letPass(1_000);
    await report(id, { energyWh: (index_wh ?? 0) - 10 });
    await w.settle();
    expect(await w.meterAt(label)).toMatchObject({ index_wh, suspect_wh: (index_wh ?? 0) - 10 });
    expect(await w.db.read.selectFrom("ledger_transfer").select("id").where("kind", "=", "usage").execute()).toEqual(
      [],
    );
  });

  on("a clock that jumped ahead for one reading does not freeze the meter", async () => {
    const { w, report } = await stage(name);
    const label = holder(w);
    const { id, index_wh } = await w.meterAt(label);
    const day = 86_400_000;
    w.letPass(30 * day);
    await report(id, { energyWh: (index_wh ?? 0) + 10, remainingWh: 70_000, status: closed });
    await w.settle();
    w.letPass(-30 * day + 60_000);
    await report(id, { energyWh: (index_wh ?? 0) + 20, remainingWh: 60_000, status: open });
    await w.settle();
    const now = await w.meterAt(label);
    expect(now).toMatchObject({ index_wh: (index_wh ?? 0) + 20, remaining_wh: 60_000, relay: "open" });
    expect(now.settled_index_wh).toBe((index_wh ?? 0) + 20);
    expect(later(w.ctx.clock(), 1)).toBeGreaterThan(now.index_at);
  });
});
