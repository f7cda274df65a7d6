import { describe, expect, test } from "vitest";
import { SCOPE_ALL } from "#domain/permission.ts";
import { printRefund } from "#flows/count-print.ts";
import { linkReplacement, payOut, withdrawRefund } from "#flows/end-refund.ts";
import { requestRefund } from "#flows/refund.ts";
import { previewRefund, refundOptions } from "#flows/refund-plan.ts";
import { refusal } from "#flows/test-refusal.ts";
import { withdrawRecharge } from "#flows/withdraw-recharge.ts";
import { refundTotals, refundViews } from "#store/refund-records.ts";
import { testDatabases } from "#store/test-databases.ts";
import { refundDesk } from "./refund-desk.ts";
import { expectSound, STORY_MS } from "./story.ts";
import { boss } from "./world.ts";

describe.each(testDatabases)("a refund of money on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on("of wallet money needs no meter, and cannot be spent twice", async () => {
    const { w, meter, ask, view, bought, account } = await refundDesk(name, { collector: false });
    const orderNo = await w.recharge(meter.id, "100");
    await withdrawRecharge(w.ctx, boss, { orderNo, reason: "x", ip: "" }); // 100 yuan in the wallet
    expect(await refusal(ask({ kind: "wallet", quantity: "100.01" }))).toBe("refund_exceeds_money");
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => refusal(ask({ kind: "wallet", quantity: "60", method: "transfer" }))),
    );
    expect(answers.filter((each) => each === "nothing")).toHaveLength(1);
    const { refund_no: refundNo } = await w.db.read.selectFrom("refund").select("refund_no").executeTakeFirstOrThrow();
    expect(await view(refundNo)).toMatchObject({ state: "confirmed", payable: "60.00" });
    await payOut(w.ctx, boss, { refundNo, note: "bank 123", ip: "" });
    expect(await account("transfer")).toBe(600_000);
    const kept = await ask({ kind: "wallet", quantity: "40" });
    await withdrawRefund(w.ctx, boss, { refundNo: kept.refundNo, reason: "stays", ip: "" });
    expect(await account("wallet")).toBe(400_000);
    await expectSound(w);
    expect(bought).toBeDefined();
  });

  on("of a balance on the server is paid from the account, and what it shows falls", async () => {
    const { w, ask, view } = await refundDesk(name, { collector: false });
    const server = w.plan.meters.find((each) => each.creditAt === "server");
    const meter = await w.meterAt(server?.room ?? "");
    await w.recharge(meter.id, "150");
    const before = await refundOptions(w.ctx, boss, meter.id);
    const preview = await previewRefund(w.ctx, boss, {
      kind: "balance",
      meterId: meter.id,
      quantity: "50",
      orderNo: null,
    });
    expect(preview).toMatchObject({ unitsWh: 0, payable: "50.00", needsApproval: false });
    const { refundNo } = await ask({ kind: "balance", quantity: "50", meterId: meter.id });
    await payOut(w.ctx, boss, { refundNo, note: "", ip: "" });
    expect(await view(refundNo)).toMatchObject({ state: "paid" });
    const after = await refundOptions(w.ctx, boss, meter.id);
    expect(Number(before.balance) - Number(after.balance)).toBeCloseTo(50, 6);
    expect(await refusal(ask({ kind: "units", quantity: "1", meterId: meter.id }))).toBe("refund_not_in_meter");
    await expectSound(w);
  });

  on("that names a recharge is of that meter, customer and money, and of no more than it brought", async () => {
    const { w, meter, ask, view } = await refundDesk(name, { collector: false });
    const orderNo = await w.recharge(meter.id, "100");
    const wallet = (quantity: string, of = orderNo) =>
      ask({ kind: "wallet", quantity, method: "original", orderNo: of });
    expect(await refusal(wallet("1"))).toBe("refund_exceeds_money"); // it is on its way, not in the wallet
    await withdrawRecharge(w.ctx, boss, { orderNo, reason: "x", ip: "" });
    const other = await w.recharge((await w.meterAt(w.plan.meters.at(-1)?.room ?? "")).id, "50");
    expect(await refusal(wallet("1", other))).toBe("refund_order_mismatch");
    expect(await refusal(wallet("1", "R20200101000001"))).toBe("refund_order_mismatch");
    const { refundNo } = await wallet("70");
    expect(await refusal(wallet("30.01"))).toMatch(/refund_exceeds_(order|money)/);
    await payOut(w.ctx, boss, { refundNo, note: "", ip: "" });
    expect(await view(refundNo)).toMatchObject({ state: "paid", orderNo, orderChannel: "cash" });
    const options = await refundOptions(w.ctx, boss, meter.id);
    expect(options.orders).toMatchObject([{ orderNo, left: "30.00", leftWh: 0, credited: false }]);
    expect((await w.verify()).problems).toEqual([]);
  });

  on("is tied to the recharge that took its place, when that one is seen and has succeeded", async () => {
    const { w, meter, ask, view } = await refundDesk(name, { collector: false });
    const wrong = await w.recharge(meter.id, "100");
    await withdrawRecharge(w.ctx, boss, { orderNo: wrong, reason: "x", ip: "" });
    const { refundNo } = await ask({ kind: "wallet", quantity: "100", orderNo: wrong });
    const right = await w.recharge((await w.meterAt(w.plan.meters.at(-1)?.room ?? "")).id, "100");
    const tie = (orderNo: string, actor = boss) =>
      refusal(linkReplacement(w.ctx, actor, { refundNo, orderNo, ip: "" }));
    const here = { ...boss, scope: { all: false as const, areaIds: [], meterIds: [meter.id] } };
    expect(await tie(wrong)).toBe("replacement_mismatch");
    expect(await tie("R20200101000001")).toBe("replacement_mismatch");
    expect(await tie(right, here)).toBe("replacement_mismatch");
    expect([await tie(right), await tie(right)]).toEqual(["nothing", "nothing"]);
    expect(await tie(wrong)).toBe("replacement_mismatch");
    expect(await view(refundNo)).toMatchObject({ orderNo: wrong, replacementNo: right });
    for (const orderNo of [wrong, right])
      expect((await refundViews(w.db.read, SCOPE_ALL, { orderNo, limit: 5 })).items).toMatchObject([{ refundNo }]);
  });

  on(
    "is listed, narrowed and summed: what had no effect adds nothing; each print of its slip is counted once",
    async () => {
      const { w, meter, ask, clear } = await refundDesk(name, { collector: false });
      const orderNo = await w.recharge(meter.id, "100");
      await withdrawRecharge(w.ctx, boss, { orderNo, reason: "x", ip: "" });
      const paid = await ask({ kind: "wallet", quantity: "20" });
      await payOut(w.ctx, boss, { refundNo: paid.refundNo, note: "", ip: "" });
      await ask({ kind: "wallet", quantity: "30", method: "transfer" });
      const gone = await ask({ kind: "wallet", quantity: "40" });
      await withdrawRefund(w.ctx, boss, { refundNo: gone.refundNo, reason: "改主意", ip: "" });
      expect(await refusal(clear())).not.toBe("nothing");
      const totals = (filter: object) => refundTotals(w.db.read, SCOPE_ALL, filter);
      expect(await totals({})).toMatchObject({ count: 3, refunded: "50.00", paid: "20.00", owed: "30.00" });
      expect(await totals({ open: true })).toMatchObject({ count: 1, refunded: "30.00" });
      expect(await totals({ search: gone.refundNo })).toMatchObject({ count: 1, refunded: "0.00" });
      expect(await totals({ search: "%" })).toMatchObject({ count: 0 });
      expect(await totals({ from: "2001-01-01", to: "2001-01-02" })).toMatchObject({ count: 0, operators: ["boss"] });
      const { items, more } = await refundViews(w.db.read, SCOPE_ALL, { limit: 2 });
      const rest = await refundViews(w.db.read, SCOPE_ALL, { limit: 2, before: items.at(-1)?.refundNo });
      expect([items.length, more, rest.items.length, rest.more]).toEqual([2, true, 1, false]);
      const print = (key: string) => printRefund(w.ctx, boss, { refundNo: paid.refundNo, key, ip: "" });
      expect([await print("print-key-1"), await print("print-key-1"), await print("print-key-2")]).toEqual([1, 1, 2]);
      const both = await Promise.all([print("print-key-3"), print("print-key-4")]);
      expect(both.sort()).toEqual([3, 4]);
      expect(await refusal(printRefund(w.ctx, boss, { refundNo: gone.refundNo, key: "print-key-1", ip: "" }))).toBe(
        "print_key_conflict",
      );
    },
  );

  on("of a foreign meter does not exist", async () => {
    const { w, meter } = await refundDesk(name, { collector: false });
    const nobody = { ...boss, scope: { all: false as const, areaIds: [], meterIds: [] } };
    const asked = { key: "k".repeat(8), meterId: meter.id, kind: "wallet" as const, quantity: "1", orderNo: null };
    expect(await refusal(requestRefund(w.ctx, nobody, { ...asked, method: "cash", reason: "x", ip: "" }))).toBe(
      "meter_not_found",
    );
    expect(await refusal(refundOptions(w.ctx, nobody, meter.id))).toBe("meter_not_found");
    expect(await refusal(payOut(w.ctx, nobody, { refundNo: "F20260101000001", note: "", ip: "" }))).toBe(
      "refund_not_found",
    );
  });
});
