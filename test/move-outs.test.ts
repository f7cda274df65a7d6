import { describe, expect, test } from "vitest";
import { advanceMoveOuts } from "#flows/finish-move-out.ts";
import { moveIn } from "#flows/move-in.ts";
import { cancelMoveOut } from "#flows/move-out-clear.ts";
import { enterFinalReading, overridePrice } from "#flows/move-out-readings.ts";
import { requestRefund } from "#flows/refund.ts";
import { refusal } from "#flows/test-refusal.ts";
import { moveOutView } from "#store/move-out-pages.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { desk, e4, stranger } from "./move-out-desk.ts";
import { expectSound, finance, STORY_MS } from "./story.ts";
import { until } from "./until.ts";
import { boss } from "./world.ts";

describe.each(testDatabases)("a move-out on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on(
    "of electricity and water goes to its end: read, agreed, approved, cleared, paid, vacant; then somebody new",
    async () => {
      const d = await desk(name);
      const { w, electricity, waterMeter, customer } = d;
      const order = await w.recharge(electricity.id, "100.33");
      await until("confirmed", async () => (await w.order(order)).state === "confirmed");
      const { moveOutNo, created } = await d.begin({ key: "move-key-1" });
      expect(created).toBe(true);
      expect(await d.begin({ key: "move-key-1" })).toEqual({ moveOutNo, created: false });
      expect(await refusal(d.begin({ key: "move-key-1", method: "transfer" }))).toBe("move_out_key_conflict");
      expect(await refusal(d.begin())).toBe("moving_out");
      expect(await refusal(w.recharge(electricity.id, "10"))).toBe("moving_out");
      expect(await refusal(d.finish(moveOutNo))).toBe("move_out_wrong_step");

      const calculated = await d.reached(moveOutNo, "calculated");
      const sheet = calculated.sheet;
      expect(sheet?.meters.map((each) => each.source)).toEqual(["meter", "meter"]);
      expect(sheet?.whole).toBe(true);
      // The sum of the page: units by their lots, the water account's balance, the wallet.
      const [first] = sheet?.meters ?? [];
      expect(e4(first?.value ?? "")).toBe((first?.pieces ?? []).reduce((all, piece) => all + e4(piece.value), 0));
      expect(await d.confirm(moveOutNo)).toBe("asked"); // above 200 yuan
      expect(await refusal(d.approve(moveOutNo, boss))).toBe("approval_same_person");
      await d.approve(moveOutNo);
      const paying = await d.reached(moveOutNo, "paying");
      const real = w.town.meter(electricity.address);
      expect(real?.creditWh).toBe(0);
      expect(paying.meters[0]?.nowRemainingWh).toBe(0);
      expect(paying.isFinal).toBe(true);
      const cashBefore = await d.posted("cash");
      await d.finished(moveOutNo);
      expect(await d.finish(moveOutNo)).toBe("done"); // a second run changes nothing
      const done = await d.view(moveOutNo);
      const final = done.sheet;
      if (!final) throw new Error("no sheet");
      const units = final.meters.reduce((all, each) => all + e4(each.value) + e4(each.balance ?? "0"), 0);
      expect(e4(final.total)).toBe(units + e4(final.wallet) - e4(final.debts));
      expect((await d.posted("cash")) - cashBefore).toBe(e4(final.payable));
      expect(await d.posted("refund_payable", customer)).toBe(0);
      expect(await d.posted("meter_credit", electricity.id)).toBe(0);
      expect(await d.posted("balance", waterMeter.account_id ?? 0)).toBe(0);
      expect(await d.posted("wallet", customer)).toBe(e4(final.rest));
      const vacant = await w.meterAt(electricity.label);
      expect([vacant.account_id, (await w.meterAt(waterMeter.label)).account_id]).toEqual([null, null]);
      expect(await refusal(w.recharge(electricity.id, "10"))).toBe("meter_without_customer");
      expect(await refusal(d.begin())).toBe("move_out_no_tenant");
      await until("the water is off", async () => (await w.meterAt(waterMeter.label)).relay === "open");
      await expectSound(w);

      // The next tenant begins with nothing, under a number of his own; the meter goes on with the one that is in it.
      const ask = { key: "move-in-1", meterIds: d.meters.map((each) => each.id), name: "新租户", phone: "13900000001" };
      const begun = await moveIn(w.ctx, boss, { ...ask, number: "", from: "2026-01-01", ip: "" });
      expect(await moveIn(w.ctx, boss, { ...ask, number: "", from: "2026-01-01", ip: "" })).toMatchObject({
        customerId: begun.customerId,
        created: false,
      });
      expect(begun.customerId).not.toBe(customer);
      expect(await d.posted("wallet", begun.customerId)).toBe(0);
      const again = await w.recharge(electricity.id, "50");
      await until("confirmed", async () => (await w.order(again)).state === "confirmed");
      const paid = await w.recharge(waterMeter.id, "50");
      expect((await w.order(paid)).state).toBe("confirmed");
      await until("the water runs again", async () => (await w.meterAt(waterMeter.label)).relay === "closed");
      const tenancies = await w.db.read
        .selectFrom("tenancy")
        .selectAll()
        .where("meter_id", "=", electricity.id)
        .execute();
      expect(tenancies.map((row) => [row.customer_id, row.until_at === null])).toEqual([
        [customer, false],
        [begun.customerId, true],
      ]);
      await expectSound(w);
    },
  );

  on("can be cancelled until a clear has left, and the tenant goes on as before", async () => {
    const d = await desk(name);
    const { w, electricity } = d;
    const { moveOutNo } = await d.begin();
    await d.reached(moveOutNo, "calculated");
    expect(await d.confirm(moveOutNo)).toBe("asked");
    await cancelMoveOut(w.ctx, boss, { moveOutNo, reason: "续租", ip: "" });
    await cancelMoveOut(w.ctx, boss, { moveOutNo, reason: "续租", ip: "" });
    expect((await d.view(moveOutNo)).state).toBe("cancelled");
    expect(await refusal(d.approve(moveOutNo))).toBe("approval_not_open");
    const order = await w.recharge(electricity.id, "20");
    await until("confirmed", async () => (await w.order(order)).state === "confirmed");
    await expectSound(w);
    const next = await d.begin();
    await d.reached(next.moveOutNo, "calculated");
    await d.confirm(next.moveOutNo);
    await d.approve(next.moveOutNo);
    await d.reached(next.moveOutNo, "paying");
    expect(await refusal(cancelMoveOut(w.ctx, boss, { moveOutNo: next.moveOutNo, reason: "续租", ip: "" }))).toBe(
      "move_out_not_cancellable",
    );
    await expectSound(w);
  });

  on("is nobody's outside his scope, and does not begin in the middle of something else", async () => {
    const d = await desk(name, { collector: false });
    const { w, electricity, waterMeter } = d;
    expect(await refusal(d.begin({ by: stranger }))).toBe("meter_not_found");
    await w.recharge(electricity.id, "20");
    expect(await refusal(d.begin())).toBe("refund_while_recharging");
    const { moveOutNo } = await d.begin({ meterIds: [waterMeter.id] });
    expect(await moveOutView(w.db.read, stranger.scope, moveOutNo)).toBe(null);
    // A meter of somebody else cannot be written to by way of this move-out.
    const hand = { source: "hand" as const, measuredAt: systemClock(), reason: "x", ip: "", remaining: "1" };
    const foreign = { ...hand, moveOutNo, meterId: (await w.meterAt(w.hero)).id, index: "99999" };
    expect(await refusal(enterFinalReading(w.ctx, boss, foreign))).toBe("meter_not_found");
    expect(await w.db.read.selectFrom("reading_correction").select("id").execute()).toEqual([]);
    const asStranger = { moveOutNo, reason: "x", ip: "" };
    expect(await refusal(cancelMoveOut(w.ctx, stranger, asStranger))).toBe("move_out_not_found");
    expect(await refusal(d.begin({ meterIds: [waterMeter.id, (await w.meterAt(w.hero)).id] }))).toBe(
      "meters_of_two_customers",
    );
  });

  on("waits for a refund of its accounts: money that somebody else still decides about is not paid twice", async () => {
    const d = await desk(name, { collector: false });
    const { w, waterMeter, electricity } = d;
    await w.recharge(waterMeter.id, "300");
    const asked = { key: "refund-before", kind: "balance" as const, meterId: waterMeter.id, quantity: "250" };
    await requestRefund(w.ctx, boss, { ...asked, orderNo: null, method: "cash", reason: "退租前", ip: "" });
    expect(await refusal(d.begin({ meterIds: [waterMeter.id] }))).toBe("refund_open");
    expect(await refusal(d.begin({ meterIds: [electricity.id] }))).toBe("nothing");
  });

  on("is begun once by two presses at the same time, and so is a refund", async () => {
    const d = await desk(name, { collector: false });
    const { w, waterMeter } = d;
    await w.recharge(waterMeter.id, "900");
    const ask = () =>
      requestRefund(w.ctx, boss, {
        ...{ key: "refund-twice", kind: "balance" as const, meterId: waterMeter.id, quantity: "250" },
        ...{ orderNo: null, method: "cash" as const, reason: "多充", ip: "" },
      });
    const both = await Promise.all([ask(), ask(), ask()]);
    expect(new Set(both.map(({ refundNo }) => refundNo)).size).toBe(1);
    expect(await w.db.read.selectFrom("approval").select("id").execute()).toHaveLength(1);
    const { electricity } = d;
    const begun = await Promise.all([1, 2, 3].map(() => d.begin({ key: "move-twice", meterIds: [electricity.id] })));
    expect(new Set(begun.map(({ moveOutNo }) => moveOutNo)).size).toBe(1);
  });

  on("of a race between a recharge and a move-out exactly one wins", async () => {
    const d = await desk(name);
    const outcomes = await Promise.all([
      refusal(d.begin()),
      ...Array.from({ length: 4 }, () => refusal(d.w.recharge(d.electricity.id, "10"))),
      refusal(d.begin()),
    ]);
    const moved = outcomes.filter((each) => each === "nothing");
    expect(moved.length).toBeGreaterThan(0);
    const open = await d.w.db.read
      .selectFrom("move_out_meter")
      .select("move_out_no")
      .where("open_meter_id", "=", d.electricity.id)
      .execute();
    const orders = await d.w.db.read.selectFrom("recharge_order").select("state").execute();
    // Either the move-out came first and no recharge was taken, or the recharges did and the move-out was refused.
    expect(open.length === 1 ? orders.length : open.length).toBe(0);
    await until("quiet", async () => {
      const left = await d.w.db.read
        .selectFrom("recharge_order")
        .select("order_no")
        .where("state", "in", ["booked", "sent", "unknown"])
        .execute();
      return left.length === 0;
    });
    await expectSound(d.w);
  });

  on(
    "of a meter that does not answer goes by what somebody saw; what the meter says at its clear decides",
    async () => {
      const d = await desk(name, { collector: false });
      const { w, electricity } = d;
      const { moveOutNo } = await d.begin({ meterIds: [electricity.id] });
      await advanceMoveOuts(w.ctx);
      expect((await d.view(moveOutNo)).state).toBe("reading");
      const seen = { source: "hand" as const, measuredAt: systemClock(), reason: "表不在线,现场抄录", ip: "" };
      const plan = w.plan.meters.find((each) => each.address === electricity.address);
      if (!plan) throw new Error("no such meter");
      const index = (plan.initialIndexWh / 1_000).toFixed(2);
      const remaining = (plan.initialCreditWh / 1_000 - 40).toFixed(2); // 40 too few
      const wrong = { ...seen, moveOutNo, meterId: electricity.id, index, remaining: "-1" };
      expect(await refusal(enterFinalReading(w.ctx, boss, wrong))).toBe("move_out_reading_invalid");
      expect(await refusal(enterFinalReading(w.ctx, boss, { ...wrong, remaining, reason: "" }))).toBe(
        "reason_required",
      );
      await enterFinalReading(w.ctx, boss, { ...wrong, remaining });
      const calculated = await d.reached(moveOutNo, "calculated");
      expect(calculated.sheet?.meters[0]).toMatchObject({
        source: "hand",
        sourceBy: "boss",
        sourceReason: seen.reason,
      });
      expect(calculated.sheet?.whole).toBe(false); // his water meter stays
      const expected = e4(calculated.sheet?.payable ?? "");
      expect(await d.confirm(moveOutNo)).toMatch(/clearing|asked/);
      if ((await d.view(moveOutNo)).state === "calculated") await d.approve(moveOutNo);
      expect((await d.view(moveOutNo)).meters[0]?.clear?.commandState).toBe("waiting");
      await w.startCollector();
      const paying = await d.reached(moveOutNo, "paying");
      expect(e4(paying.sheet?.payable ?? "")).toBeGreaterThan(expected);
      // More than anybody has agreed to: once more, before a fen is paid.
      if (calculated.approval !== null || expected > 2_000_000) {
        expect(paying.approval?.state).toBe("requested");
        expect(await d.finish(moveOutNo)).toBe("asked");
        await d.approve(moveOutNo);
      }
      await until("finished", async () => {
        await w.settle();
        const outcome = await d.finish(moveOutNo);
        if (outcome === "asked") await d.approve(moveOutNo);
        return outcome === "done";
      });
      expect(w.town.meter(electricity.address)?.creditWh).toBe(0);
      await expectSound(w);
    },
  );

  on("another price needs a reason, shows on the sheet, and whoever set it cannot approve", async () => {
    const d = await desk(name);
    const { w, electricity } = d;
    const { moveOutNo } = await d.begin({ meterIds: [electricity.id] });
    const before = await d.reached(moveOutNo, "calculated");
    const override = { moveOutNo, meterId: electricity.id, price: "2", reason: "合同约定", ip: "" };
    expect(await refusal(overridePrice(w.ctx, finance, { ...override, price: "101" }))).toBe("move_out_price_invalid");
    await overridePrice(w.ctx, finance, override);
    const after = await d.view(moveOutNo);
    expect(after.rev).toBe(before.rev + 1);
    const [line] = after.sheet?.meters ?? [];
    expect(line).toMatchObject({ overridePrice: "2.00", overrideBy: "li", overrideReason: "合同约定" });
    expect(e4(line?.overrideValue ?? "")).toBe((line?.unitsWh ?? 0) * 20);
    await d.confirm(moveOutNo);
    expect(await refusal(d.approve(moveOutNo, finance))).toBe("approval_same_person");
    await d.approve(moveOutNo, { ...finance, userId: 3, login: "wang" });
    await d.reached(moveOutNo, "paying");
    await until("finished", async () => {
      await w.settle();
      const outcome = await d.finish(moveOutNo);
      if (outcome === "asked") await d.approve(moveOutNo, { ...finance, userId: 3, login: "wang" });
      return outcome === "done";
    });
    await expectSound(w);
  });
});
