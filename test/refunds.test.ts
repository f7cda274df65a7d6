import { describe, expect, test } from "vitest";
import { payOut, withdrawRefund } from "#flows/end-refund.ts";
import { refundOptions } from "#flows/refund-plan.ts";
import { refusal } from "#flows/test-refusal.ts";
import { testDatabases } from "#store/test-databases.ts";
import { refundDesk } from "./refund-desk.ts";
import { expectSound, finance, STORY_MS } from "./story.ts";
import { until } from "./until.ts";
import { boss } from "./world.ts";

describe.each(testDatabases)("a refund on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on("takes units out of the meter first, then owes the money, then pays it out, once", async () => {
    const { w, meter, ask, view, reached, bought, account } = await refundDesk(name);
    const orderNo = await bought("100"); // 133 kWh, 0.25 into the wallet
    const before = await account("cash");
    const { refundNo, created } = await ask({ quantity: "40.5", orderNo, key: "refund-key-1" });
    expect(created).toBe(true);
    expect(await refusal(payOut(w.ctx, boss, { refundNo, note: "", ip: "" }))).toBe("refund_not_payable");
    const confirmed = await reached(refundNo, "confirmed");
    expect(confirmed).toMatchObject({
      takenWh: 40_500,
      amount: "30.375",
      payable: "30.37",
      orderNo,
      purchaseNumber: 2,
    });
    const real = w.town.meter(meter.address);
    expect(real?.topUps.map((each) => each.amount)).toEqual([13_300, -4_050]);
    expect(real?.purchaseCount).toBe(2);
    for (let i = 0; i < 3; i++) await payOut(w.ctx, boss, { refundNo, note: "", ip: "" });
    expect(await view(refundNo)).toMatchObject({ state: "paid", paidBy: "boss" });
    expect((await account("cash")) - before).toBe(303_700);
    expect(await account("refund_payable")).toBe(0);
    // The same key again is the same refund, with other content it is refused, and nothing more happens.
    expect(await ask({ quantity: "40.5", orderNo, key: "refund-key-1" })).toEqual({ refundNo, created: false });
    expect(await refusal(ask({ quantity: "41", orderNo, key: "refund-key-1" }))).toBe("refund_key_conflict");
    expect(await refusal(ask({ quantity: "92.51", orderNo }))).toMatch(/refund_exceeds_(order|remaining)/);
    await expectSound(w);
    // The next recharge goes on with number 3: nothing is stuck.
    await bought("10");
    expect(w.town.meter(meter.address)?.purchaseCount).toBe(3);
    await expectSound(w);
  });

  on("is valued newest first when the price has changed in between", async () => {
    const { w, meter, ask, reached, bought } = await refundDesk(name);
    await bought("75"); // 100 kWh at 0.75
    await w.db.transact((tx) => tx.updateTable("meter").set({ price_e4: 11_000 }).where("id", "=", meter.id).execute());
    await bought("110"); // 100 kWh at 1.10
    const { refundNo } = await ask({ quantity: "150" });
    // 100 × 1.10 + 50 × 0.75; the price of today says nothing.
    expect(await reached(refundNo, "confirmed")).toMatchObject({ payable: "147.50", quoted: "147.50" });
    await payOut(w.ctx, boss, { refundNo, note: "", ip: "" });
    await expectSound(w);
  });

  on("above what is there, while a recharge is open, twice at once, or of nothing is refused", async () => {
    const { w, meter, ask, bought, reached } = await refundDesk(name);
    expect(await refusal(ask({ quantity: "1" }))).toMatch(/refund_exceeds_remaining|refund_credit_unknown/);
    await bought("100");
    for (const quantity of ["0", "-1", "0.001", "1e3", "", "abc", "１"])
      expect(await refusal(ask({ quantity })), quantity).toBe("refund_units_invalid");
    expect(await refusal(ask({ quantity: "134" }))).toBe("refund_exceeds_remaining");
    expect(await refusal(ask({ quantity: "1", orderNo: "R20200101000001" }))).toBe("refund_order_mismatch");
    expect(await refusal(ask({ quantity: "1", kind: "balance" }))).toBe("refund_not_on_server");
    expect(await refusal(ask({ quantity: "1", method: "original" }))).toBe("original_channel_needs_order");
    w.town.setMeterOffline(meter.address, true);
    const open = await w.recharge(meter.id, "10");
    expect(await refusal(ask({ quantity: "1" }))).toBe("refund_while_recharging");
    w.town.setMeterOffline(meter.address, false);
    await until("confirmed", async () => (await w.order(open)).state === "confirmed");
    const all = await Promise.all(Array.from({ length: 6 }, () => refusal(ask({ quantity: "10" }))));
    expect(all.filter((each) => each === "nothing")).toHaveLength(1);
    expect(all.filter((each) => each === "refund_open")).toHaveLength(5);
    const options = await refundOptions(w.ctx, boss, meter.id);
    expect(options.obstacle === "refund_open" || options.obstacle === null).toBe(true);
    const row = await w.db.read.selectFrom("refund").select("refund_no").executeTakeFirstOrThrow();
    await reached(row.refund_no, "confirmed");
    await payOut(w.ctx, boss, { refundNo: row.refund_no, note: "", ip: "" });
    await expectSound(w);
  });

  on("waits for a meter that is offline, can be withdrawn until it was sent, and pays nothing meanwhile", async () => {
    const { w, meter, ask, view, bought, account } = await refundDesk(name);
    await bought("100");
    w.town.setMeterOffline(meter.address, true);
    const { refundNo } = await ask({ quantity: "20" });
    await until("the pump has tried", async () => {
      const row = await w.db.read
        .selectFrom("command")
        .select("attempts")
        .where("kind", "=", "deduct")
        .executeTakeFirst();
      return (row?.attempts ?? 0) >= 1;
    });
    expect(await view(refundNo)).toMatchObject({ state: "approved", wasSent: false });
    expect(await refusal(payOut(w.ctx, boss, { refundNo, note: "", ip: "" }))).toBe("refund_not_payable");
    await withdrawRefund(w.ctx, boss, { refundNo, reason: "改主意", ip: "" });
    await withdrawRefund(w.ctx, boss, { refundNo, reason: "改主意", ip: "" });
    expect(await view(refundNo)).toMatchObject({ state: "withdrawn" });
    w.town.setMeterOffline(meter.address, false);
    expect(await account("refund_payable")).toBe(0);
    await bought("10");
    expect(w.town.meter(meter.address)?.topUps.map((each) => each.amount)).toEqual([13_300, 1_300]);
    await expectSound(w);
  });

  on("whose answers are lost is read back and taken once", async () => {
    const { w, meter, ask, reached, bought } = await refundDesk(name);
    await bought("100");
    w.town.setFaults({ meters: { [meter.address]: { loseAnswer: 0.3, loseRequest: 0.1, duplicate: 0.2 } } });
    const refunds: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { refundNo } = await ask({ quantity: "10" });
      refunds.push(refundNo);
      await reached(refundNo, "confirmed");
    }
    w.town.setFaults({ meters: {} });
    const real = w.town.meter(meter.address);
    expect(real?.topUps).toEqual([
      { count: 1, amount: 13_300 },
      { count: 2, amount: -1_000 },
      { count: 3, amount: -1_000 },
      { count: 4, amount: -1_000 },
    ]);
    for (const refundNo of refunds) await payOut(w.ctx, boss, { refundNo, note: "", ip: "" });
    await expectSound(w);
  });

  on("of more than the meter has by then is refused by the meter, and nothing is owed", async () => {
    const { w, meter, ask, reached, bought, account } = await refundDesk(name);
    await bought("100");
    w.town.setMeterOffline(meter.address, true);
    const { refundNo } = await ask({ quantity: "130" });
    w.town.setCredit(meter.address, 50_000); // used up meanwhile
    w.town.setMeterOffline(meter.address, false);
    expect(await reached(refundNo, "refused")).toMatchObject({ stateReason: "credit-too-low" });
    expect(await account("refund_payable")).toBe(0);
    expect(w.town.meter(meter.address)?.purchaseCount).toBe(1);
    const again = await ask({ quantity: "10" });
    await reached(again.refundNo, "confirmed");
    expect(w.town.meter(meter.address)).toMatchObject({ purchaseCount: 2, creditWh: 40_000 });
  });

  on("above the limit waits for another person, who looks at what is left again", async () => {
    const { w, meter, ask, view, reached, approve, bought } = await refundDesk(name);
    await bought("500"); // 666 kWh
    const first = await ask({ quantity: "400" }); // 300 yuan
    expect(await view(first.refundNo)).toMatchObject({ state: "requested", amount: "300.00" });
    expect(await refusal(approve(first.refundNo, boss))).toBe("approval_same_person");
    w.town.setCredit(meter.address, 100_000);
    await until("read with less", async () => ((await w.meterAt(w.hero)).remaining_wh ?? 999_999) <= 100_000);
    expect(await refusal(approve(first.refundNo))).toBe("refund_exceeds_remaining");
    expect(await view(first.refundNo)).toMatchObject({ state: "requested" });
    await approve(first.refundNo, finance, "reject");
    expect(await view(first.refundNo)).toMatchObject({ state: "rejected", stateReason: "" });
    w.town.setCredit(meter.address, 600_000);
    await until("read again", async () => ((await w.meterAt(w.hero)).remaining_wh ?? 0) > 500_000);
    const second = await ask({ quantity: "400" });
    const people = Array.from({ length: 4 }, (_, i) => ({ ...finance, login: `finance${i}` }));
    const answers = await Promise.all(people.map((each) => refusal(approve(second.refundNo, each))));
    expect(answers.filter((each) => each === "nothing")).toHaveLength(1);
    await reached(second.refundNo, "confirmed");
    expect(w.town.meter(meter.address)?.topUps).toHaveLength(2);
    await payOut(w.ctx, boss, { refundNo: second.refundNo, note: "", ip: "" });
    await expectSound(w);
  });
});
