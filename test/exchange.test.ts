import { describe, expect, test } from "vitest";
import type { SwapRequest } from "#contract/devices.ts";
import type { Actor } from "#domain/permission.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import { decideApproval } from "#flows/decide-approval.ts";
import { cancelExchange, openExchange } from "#flows/exchange.ts";
import { advanceExchanges } from "#flows/exchange-advance.ts";
import { clearOldMeter, stateOldMeter } from "#flows/exchange-old.ts";
import { swapMeter } from "#flows/exchange-swap.ts";
import { requestRefund } from "#flows/refund.ts";
import { refusal } from "#flows/test-refusal.ts";
import { townPlan } from "#simulator/plan.ts";
import { withSpares } from "#simulator/spares.ts";
import { exchangeRow } from "#store/devices.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { finance, STORY_MS } from "./story.ts";
import { until } from "./until.ts";
import { boss, world } from "./world.ts";

/** A town with two meters on the shelf, and a hero who has bought 133 kWh. */
async function workshop(database: "sqlite" | "mariadb") {
  const plan = withSpares(townPlan({ seed: 1, concentrators: 1, metersPer: 12, waterPer: 0 }), 2);
  const w = await world({ database, plan });
  const hero = await w.meterAt(w.hero);
  const [spare, other] = plan.spares ?? [];
  if (!spare || !other) throw new Error("the town has spares");
  const concentratorId = (await w.db.read.selectFrom("concentrator").select("id").executeTakeFirstOrThrow()).id;
  const bought = async (amount: string) => {
    const orderNo = await w.recharge(hero.id, amount);
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
  };
  const open = (key = newId(systemClock()), meterId = hero.id) =>
    openExchange(w.ctx, boss, { key, meterId, reason: "烧表", ip: "" });
  const device = (over: Partial<SwapRequest> = {}): SwapRequest => ({
    closeIndex: null,
    note: "",
    number: spare.number,
    address: spare.address,
    profile: "jc1",
    concentratorId,
    bus: 1,
    gatewayId: null,
    ratio: 1,
    switchKind: "relay",
    closesBy: "direct",
    openIndex: String(spare.initialIndexWh / 1_000),
    ...over,
  });
  const swap = (exchangeNo: string, over: Partial<SwapRequest> = {}) =>
    swapMeter(w.ctx, boss, { exchangeNo, ip: "", ...device(over) });
  const reached = (exchangeNo: string, state: string) =>
    until(`exchange ${state}`, async () => {
      await advanceExchanges(w.ctx);
      const row = await exchangeRow(w.db.read, exchangeNo);
      return row?.state === state && row;
    });
  const lots = async () => {
    const rows = await w.db.read.selectFrom("credit_lot").selectAll().where("meter_id", "=", hero.id).execute();
    return rows.reduce((sum, lot) => sum + lot.units_wh - lot.used_wh, 0);
  };
  const balance = async (account: string) => {
    const row = await w.db.read
      .selectFrom("ledger_account")
      .select("balance_e4")
      .where("id", "=", account)
      .executeTakeFirst();
    return row?.balance_e4 ?? 0;
  };
  const sum = async () => {
    const rows = await w.db.read.selectFrom("ledger_entry").select("amount_e4").execute();
    return rows.reduce((all, row) => all + row.amount_e4, 0);
  };
  return { w, hero, spare, other, bought, open, swap, reached, lots, balance, sum, device };
}

describe.each(testDatabases)("a meter exchange on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on("carries what is left over from a meter that answers to the new one, and the supply comes back", async () => {
    const { w, hero, spare, bought, open, swap, reached, lots, balance, sum } = await workshop(name);
    await bought("100"); // 133 kWh
    w.town.setLoad(hero.number, 0);
    const before = await until("read", async () => {
      const row = await w.meterAt(w.hero);
      return row.remaining_wh !== null && row.remaining_wh > 0 && row.relay === "closed" && row;
    });
    const { exchangeNo } = await open("exchange-key-1");
    expect(await open("exchange-key-1")).toEqual({ exchangeNo, created: false });
    expect(await refusal(open("exchange-key-1", hero.id + 1))).toBe("exchange_key_conflict");
    expect(await refusal(open())).toBe("exchanging");
    expect(await refusal(w.recharge(hero.id, "50"))).toBe("exchanging");
    const refund = {
      kind: "units" as const,
      quantity: "1",
      orderNo: null,
      method: "cash" as const,
      reason: "x",
      ip: "",
    };
    expect(await refusal(requestRefund(w.ctx, boss, { key: "refund-in-exchange", meterId: hero.id, ...refund }))).toBe(
      "exchanging",
    );
    expect(await refusal(swap(exchangeNo))).toBe("exchange_credit_in_meter");

    await clearOldMeter(w.ctx, boss, { exchangeNo, ip: "" });
    await clearOldMeter(w.ctx, boss, { exchangeNo, ip: "" }); // a second click
    const cleared = await reached(exchangeNo, "cleared");
    expect(cleared.carry_wh).toBe(before.remaining_wh);
    expect(w.town.meter(hero.number)).toMatchObject({ creditWh: 0, purchaseCount: 2 });
    expect(await refusal(cancelExchange(w.ctx, boss, { exchangeNo, reason: "x", ip: "" }))).toBe(
      "exchange_irreversible",
    );

    const taken = await w.db.read
      .selectFrom("meter")
      .select(["number", "address"])
      .where("id", "<>", hero.id)
      .limit(1)
      .executeTakeFirstOrThrow();
    expect(await refusal(swap(exchangeNo, { number: taken.number }))).toBe("meter_number_taken");
    expect(await refusal(swap(exchangeNo, { address: taken.address }))).toBe("meter_address_taken");
    expect(await refusal(swap(exchangeNo, { ratio: 30 }))).toBe("ratio_needs_server_credit");
    expect(await refusal(swap(exchangeNo, { profile: "gb2007" }))).not.toBe("nothing");
    expect(await refusal(swap(exchangeNo, { closeIndex: "0", note: "照片 12" }))).toBe("exchange_index_backwards");
    expect(await refusal(swap(exchangeNo, { closeIndex: "999999" }))).toBe("exchange_note_required");
    expect(await refusal(swap(exchangeNo, { concentratorId: 99 }))).toBe("concentrator_not_found");

    await Promise.all([swap(exchangeNo), swap(exchangeNo)]); // two at once: one new meter
    const done = await reached(exchangeNo, "done");
    expect(done).toMatchObject({ open_meter_id: null, difference_wh: 0, difference_e4: 0, debt_e4: 0 });
    expect(w.town.meter(spare.number)).toMatchObject({ creditWh: before.remaining_wh, purchaseCount: 1 });
    await until("on again", async () => w.town.meter(spare.number)?.relay === "closed");

    const after = await w.meterAt(w.hero);
    expect(after).toMatchObject({
      id: hero.id,
      number: spare.number,
      purchase_count: 1,
      suspect_wh: null,
      top_ups_stopped: 0,
    });
    await w.settle();
    expect(await lots()).toBe(133_000 - ((done.close_wh ?? 0) - (hero.index_wh ?? 0)));
    expect(await balance(`debt:${hero.account_id}`)).toBe(0);
    expect(await sum()).toBe(0);
    expect((await w.verify()).problems).toEqual([]);
    // The desk goes on with the new meter's own numbers.
    await bought("75");
    expect(w.town.meter(spare.number)?.purchaseCount).toBe(2);
    const breaks = await w.db.read.selectFrom("line_break").selectAll().execute();
    expect(breaks).toMatchObject([{ meter_id: hero.id, close_wh: done.close_wh, open_wh: 120, cause: "exchange" }]);
    const bad = await w.db.read
      .selectFrom("meter_event")
      .select("kind")
      .where("kind", "=", "reading_suspect")
      .execute();
    expect(bad).toEqual([]);
  });

  on("of a dead meter rests on what is stated, which a second person must agree to above the limit", async () => {
    const { w, hero, spare, bought, open, swap, reached, lots, balance, sum } = await workshop(name);
    await bought("300"); // 400 kWh
    w.town.setMeterOffline(hero.number, true);
    const { exchangeNo } = await open();
    const state = (left: string, closeIndex: string | null = null, note = "照片 7") =>
      stateOldMeter(w.ctx, boss, { exchangeNo, closeIndex, left, note, ip: "" });
    expect(await refusal(state("abc"))).toBe("exchange_units_invalid");
    expect(await refusal(state("-5"))).toBe("exchange_units_invalid");
    expect(await refusal(state("5", null, ""))).toBe("exchange_note_required");
    expect(await refusal(state("5", "0.01"))).toBe("exchange_index_backwards");
    await state("380"); // 285 yuan: above 200
    const asked = await exchangeRow(w.db.read, exchangeNo);
    expect(asked?.state).toBe("asked");
    expect(await refusal(swap(exchangeNo))).toBe("exchange_step");
    const decide = (by: Actor, verdict: "approve" | "reject", id = asked?.approval_id ?? "") =>
      decideApproval(w.ctx, approvalEffects, by, { id, verdict, version: 0, reason: "看过照片", ip: "" });
    expect(await refusal(decide(boss, "approve"))).toBe("approval_same_person");
    await decide(finance, "reject");
    expect((await exchangeRow(w.db.read, exchangeNo))?.state).toBe("open");
    await state("390");
    const again = await exchangeRow(w.db.read, exchangeNo);
    await decide(finance, "approve", again?.approval_id ?? "");
    // Nothing has been booked by a statement alone.
    expect(await balance("write_off:1")).toBe(0);
    await swap(exchangeNo);
    const done = await reached(exchangeNo, "done");
    expect(w.town.meter(spare.number)).toMatchObject({ creditWh: 390_000, purchaseCount: 1 });
    expect(done.difference_wh).toBe(390_000 - (done.books_wh ?? 0));
    expect(await lots()).toBe(390_000 - ((await w.meterAt(w.hero)).index_wh ?? 0) + 120);
    expect(await sum()).toBe(0);
    expect((await w.verify()).problems).toEqual([]);
  });

  on(
    "may be given up while the old meter still has everything, and waits for a new one that does not answer",
    async () => {
      const { w, hero, spare, bought, open, swap, reached, sum } = await workshop(name);
      await bought("100");
      const first = await open();
      await cancelExchange(w.ctx, boss, { exchangeNo: first.exchangeNo, reason: "不换了", ip: "" });
      await cancelExchange(w.ctx, boss, { exchangeNo: first.exchangeNo, reason: "不换了", ip: "" });
      await bought("75");
      // Two at once: one is begun.
      const both = await Promise.all([refusal(open()), refusal(open())]);
      expect(both.toSorted()).toEqual(["exchanging", "nothing"]);
      const second = await w.db.read
        .selectFrom("meter_exchange")
        .select("exchange_no")
        .where("open_meter_id", "=", hero.id)
        .executeTakeFirstOrThrow();
      await clearOldMeter(w.ctx, boss, { exchangeNo: second.exchange_no, ip: "" });
      await reached(second.exchange_no, "cleared");
      w.town.setMeterOffline(spare.number, true);
      await swap(second.exchange_no);
      await advanceExchanges(w.ctx);
      expect(await exchangeRow(w.db.read, second.exchange_no)).toMatchObject({
        state: "reading",
        state_reason: "no_answer",
      });
      expect(await refusal(w.recharge(hero.id, "50"))).toBe("exchanging");
      w.town.setMeterOffline(spare.number, false);
      const done = await reached(second.exchange_no, "done");
      expect(w.town.meter(spare.number)?.creditWh).toBeGreaterThan((done.carry_wh ?? 0) - 1_000);
      expect(await sum()).toBe(0);
    },
  );
});
