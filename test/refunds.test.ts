import { describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import type { RefundRequest } from "#contract/refunds.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import { printRefund } from "#flows/count-print.ts";
import { decideApproval } from "#flows/decide-approval.ts";
import { linkReplacement, payOut, recheckRefund, withdrawRefund } from "#flows/end-refund.ts";
import { requestClear, requestRefund, requestWriteOff } from "#flows/refund.ts";
import { previewRefund, refundOptions } from "#flows/refund-plan.ts";
import { refundTotals, refundViews } from "#store/refund-records.ts";
import { refundView } from "#store/refunds.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

/** Real programs over a bad line, on a machine that has other things to do. */
const STORY_MS = 120_000;

const finance: Actor = { userId: 2, login: "li", name: "李会计", permissions: new Set(permissions), scope: SCOPE_ALL };

const refusal = (doing: Promise<unknown>) =>
  doing.then(
    () => "nothing",
    (error) => (error instanceof AppError ? error.code : String(error)),
  );

/** A world in which the hero's meter was read, and what the desk does in it. */
async function desk(database: "sqlite" | "mariadb", options: { collector?: boolean } = {}) {
  const w = await world({ database, ...options });
  const meter = await w.meterAt(w.hero);
  const ask = async (over: Partial<RefundRequest> & { quantity: string }) =>
    requestRefund(w.ctx, boss, {
      key: newId(systemClock()),
      meterId: meter.id,
      kind: "units",
      orderNo: null,
      method: "cash",
      reason: "充错表",
      ip: "",
      ...over,
    });
  const clear = (meterId = meter.id) =>
    requestClear(w.ctx, boss, { key: newId(systemClock()), meterId, reason: "拆除", ip: "" });
  const view = async (refundNo: string) => {
    const seen = await refundView(w.db.read, SCOPE_ALL, refundNo);
    if (!seen) throw new Error(`no refund ${refundNo}`);
    return seen;
  };
  const reached = (refundNo: string, state: string) =>
    until(`refund ${state}`, async () => {
      const seen = await view(refundNo);
      return seen.state === state && seen;
    });
  const bought = async (amount: string) => {
    const orderNo = await w.recharge(meter.id, amount);
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    return orderNo;
  };
  const approvalIdOf = async (refundNo: string) => {
    const id = (await view(refundNo)).approvalId;
    if (id === null) throw new Error("nobody was asked");
    return id;
  };
  const approve = async (refundNo: string, by = finance, verdict: "approve" | "reject" = "approve") =>
    decideApproval(w.ctx, approvalEffects, by, {
      id: await approvalIdOf(refundNo),
      verdict,
      version: 0,
      reason: "looked at",
      ip: "",
    });
  const account = async (id: string) => {
    const rows = await w.db.read
      .selectFrom("ledger_entry")
      .innerJoin("ledger_transfer", "ledger_transfer.id", "ledger_entry.transfer_id")
      .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
      .select(["ledger_entry.amount_e4", "ledger_transfer.pending", "ledger_resolution.outcome"])
      .where("ledger_entry.account_id", "like", `${id}:%`)
      .execute();
    return rows
      .filter((row) => row.pending === 0 || row.outcome === "posted")
      .reduce((sum, row) => sum + row.amount_e4, 0);
  };
  return { w, meter, ask, clear, view, reached, bought, approve, account };
}

/** Books right, nothing between two states, and the meter has counted as often as we have. */
async function expectSound(w: World): Promise<void> {
  await w.settle();
  const report = await w.verify();
  expect(report.problems).toEqual([]);
  const pending = await w.db.read
    .selectFrom("ledger_transfer")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
    .select("ledger_transfer.id")
    .where("ledger_transfer.pending", "=", 1)
    .where("ledger_resolution.transfer_id", "is", null)
    .execute();
  expect(pending).toEqual([]);
}

describe.each(testDatabases)("a refund on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on("takes units out of the meter first, then owes the money, then pays it out, once", async () => {
    const { w, meter, ask, view, reached, bought, account } = await desk(name);
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
    const { w, meter, ask, reached, bought } = await desk(name);
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
    const { w, meter, ask, bought, reached } = await desk(name);
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
    const { w, meter, ask, view, bought, account } = await desk(name);
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
    const { w, meter, ask, reached, bought } = await desk(name);
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
    const { w, meter, ask, reached, bought, account } = await desk(name);
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
    const { w, meter, ask, view, reached, approve, bought } = await desk(name);
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

  on("of wallet money needs no meter, and cannot be spent twice", async () => {
    const { w, meter, ask, view, bought, account } = await desk(name, { collector: false });
    const orderNo = await w.recharge(meter.id, "100");
    const { withdrawRecharge } = await import("#flows/withdraw-recharge.ts");
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
    const { w, ask, view } = await desk(name, { collector: false });
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
    const { w, meter, ask, view } = await desk(name, { collector: false });
    const orderNo = await w.recharge(meter.id, "100");
    const { withdrawRecharge } = await import("#flows/withdraw-recharge.ts");
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
    const { w, meter, ask, view } = await desk(name, { collector: false });
    const { withdrawRecharge } = await import("#flows/withdraw-recharge.ts");
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
      const { w, meter, ask, clear } = await desk(name, { collector: false });
      const { withdrawRecharge } = await import("#flows/withdraw-recharge.ts");
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
    const { w, meter } = await desk(name, { collector: false });
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

describe.each(testDatabases)("a clear on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on("wipes what is left after a second person agreed, and its value is written off", async () => {
    const { w, meter, clear, view, reached, approve, bought, account } = await desk(name);
    await bought("100");
    const { refundNo } = await clear();
    expect(await view(refundNo)).toMatchObject({ kind: "clear", state: "requested", amount: "99.75" });
    await approve(refundNo);
    const done = await reached(refundNo, "done");
    expect(done.takenWh).toBeGreaterThan(132_900);
    const real = w.town.meter(meter.address);
    expect(real).toMatchObject({ creditWh: 0, purchaseCount: 2, relay: "open" });
    expect(await account("write_off")).toBe(Math.round(Number(done.amount) * 10_000));
    expect(await refusal(payOut(w.ctx, boss, { refundNo, note: "", ip: "" }))).toBe("refund_not_payable");
    expect(await refusal(clear())).toBe("refund_nothing");
    await expectSound(w);
  });

  on("is proven by what the meter shows, however much of the line is lost", async () => {
    const { w, meter, clear, reached, approve, bought } = await desk(name);
    await bought("100");
    w.town.setFaults({ meters: { [meter.address]: { loseAnswer: 0.3, loseRequest: 0.1 } } });
    const { refundNo } = await clear();
    await approve(refundNo);
    const done = await reached(refundNo, "done");
    w.town.setFaults({ meters: {} });
    expect(done.takenWh).toBeGreaterThan(132_000);
    expect(w.town.meter(meter.address)?.topUps).toHaveLength(2);
    await expectSound(w);
  });

  on("of a meter whose count contradicts the books stops, and goes on after it was looked at", async () => {
    const { w, meter, clear, reached, approve, bought } = await desk(name);
    await bought("100");
    const count = (purchase_count: number) =>
      w.db.transact((tx) =>
        tx.updateTable("meter_state").set({ purchase_count }).where("meter_id", "=", meter.id).execute(),
      );
    await count(7);
    const { refundNo } = await clear();
    await approve(refundNo);
    expect(await reached(refundNo, "stopped")).toMatchObject({ stateReason: "count_mismatch" });
    await count(1);
    await recheckRefund(w.ctx, boss, { refundNo, reason: "was at the meter", ip: "" });
    await reached(refundNo, "done");
    await expectSound(w);
  });

  on("a debt is given up by a second person, never more than is owed", async () => {
    const { w, meter } = await desk(name, { collector: false });
    const { customer_id: customerId } = await w.db.read
      .selectFrom("account")
      .select("customer_id")
      .where("id", "=", meter.account_id ?? 0)
      .executeTakeFirstOrThrow();
    const { bookTransfer, balanceOf } = await import("#store/ledger.ts");
    const { postedTransfer } = await import("#domain/ledger.ts");
    const { money } = await import("#base/units.ts");
    await w.db.transact((tx) =>
      bookTransfer(
        tx,
        postedTransfer({
          id: "share:test",
          kind: "share",
          from: { kind: "debt", ref: customerId },
          to: { kind: "revenue", ref: 1 },
          amount: money(123_400),
          actor: "test",
        }),
        w.ctx.clock(),
      ),
    );
    const give = (amount: string) =>
      requestWriteOff(w.ctx, boss, { key: newId(systemClock()), meterId: meter.id, amount, reason: "逃逸", ip: "" });
    expect(await refusal(give("12.35"))).toBe("refund_exceeds_money");
    const { refundNo } = await give("12.34");
    const twice = await give("12.34"); // asked twice: only one of them can come true
    const approve = async (no: string) => {
      const id = (await refundView(w.db.read, SCOPE_ALL, no))?.approvalId ?? "";
      return decideApproval(w.ctx, approvalEffects, finance, {
        id,
        verdict: "approve",
        version: 0,
        reason: "",
        ip: "",
      });
    };
    await approve(refundNo);
    expect((await balanceOf(w.db.read, { kind: "debt", ref: customerId })).posted).toBe(0);
    expect(await refusal(approve(twice.refundNo))).toBe("refund_exceeds_money");
    await withdrawRefund(w.ctx, boss, { refundNo: twice.refundNo, reason: "double", ip: "" });
    await expectSound(w);
  });
});
