import { describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { DAY_MS, instant, later, MINUTE_MS } from "#base/time.ts";
import { money, parseMoney } from "#base/units.ts";
import { postedTransfer } from "#domain/ledger.ts";
import type { Actor } from "#domain/permission.ts";
import { NO_LIMITS, type UserLimits } from "#domain/user-limit.ts";
import { takeExternalPayment } from "#flows/external-payment.ts";
import { previewPayment, previewRecharge, recharge, takePayment } from "#flows/recharge.ts";
import { requestRefund, requestWriteOff } from "#flows/refund.ts";
import { previewRefund } from "#flows/refund-plan.ts";
import { refusal } from "#flows/test-refusal.ts";
import { withdrawRecharge } from "#flows/withdraw-recharge.ts";
import { openDatabase } from "#store/db.ts";
import { bookTransfer } from "#store/ledger.ts";
import { testDatabases } from "#store/test-databases.ts";
import { refundedBy, setLimits } from "#store/user-limits.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { desk, e4 } from "./move-out-desk.ts";
import { refundDesk } from "./refund-desk.ts";
import { finance, STORY_MS } from "./story.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

const key = () => newId(systemClock());
const yuan = (value: number) => money(value * 10_000);
const cashier = (userId: number): Actor => ({ ...boss, userId, login: `cashier${userId}`, name: `收费员${userId}` });
const WANG = cashier(11);
const LI = cashier(12);

const limited = (w: World, who: Actor, limits: Partial<UserLimits>) =>
  w.db.transact((tx) => setLimits(tx, who.userId, { ...NO_LIMITS, ...limits }));

/** One recharge at the desk; `on`: another server on the same database. */
const sell = (w: World, who: Actor, amount: string, over: { meterId?: number; key?: string; on?: World["db"] } = {}) =>
  recharge({ ...w.ctx, db: over.on ?? w.db }, who, {
    ...{ key: over.key ?? key(), amount, channel: "cash", note: "", ip: "", meterId: over.meterId ?? 0 },
  });

const countOf = async (
  w: World,
  table: "recharge_order" | "payment" | "ledger_transfer" | "command" | "audit" | "refund",
) =>
  Number(
    (
      await w.db.read
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as("n"))
        .executeTakeFirstOrThrow()
    ).n,
  );
const traces = async (w: World) =>
  Promise.all(
    (["recharge_order", "payment", "ledger_transfer", "command", "audit", "refund"] as const).map((t) => countOf(w, t)),
  );

/** Cash and transfers that he took, by his payments. */
async function takenBy(w: World, who: Actor): Promise<number> {
  const rows = await w.db.read
    .selectFrom("payment")
    .select("amount_e4")
    .where("taken_by", "=", who.login)
    .where("channel", "in", ["cash", "transfer"])
    .execute();
  return rows.reduce((sum, row) => sum + row.amount_e4, 0);
}

/** Rooms whose meters hold their own credit. */
async function meters(w: World, count: number): Promise<number[]> {
  const rooms = w.plan.meters.filter((each) => each.creditAt === "meter").slice(0, count);
  return Promise.all(rooms.map(async ({ room }) => (await w.meterAt(room)).id));
}

/** Gives these meters to the customer of one of them. */
async function oneCustomer(w: World, meterIds: number[]): Promise<void> {
  const rows = await w.db.read.selectFrom("meter").select("account_id").where("id", "in", meterIds).execute();
  const accounts = rows.map((row) => row.account_id ?? 0);
  await w.db.transact(async (tx) => {
    const owner = await tx
      .selectFrom("account")
      .select("customer_id")
      .where("id", "in", accounts)
      .executeTakeFirstOrThrow();
    await tx.updateTable("account").set({ customer_id: owner.customer_id }).where("id", "in", accounts).execute();
  });
}

async function expectBooksRight(w: World): Promise<void> {
  expect(await w.verify()).toMatchObject({ ok: true, sumE4: 0, problems: [] });
}

const untilMidnight = (w: World) => DAY_MS - ((w.ctx.clock() + 8 * 3_600_000) % DAY_MS);

describe.each(testDatabases)("limits of a user on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on("stop one recharge that is too much, whole or split, and leave nothing of it", async () => {
    const w = await world({ database: name, collector: false });
    const [meterId = 0, other = 0] = await meters(w, 2);
    await limited(w, WANG, { rechargeOne: yuan(100) });
    const before = await traces(w);
    expect(await refusal(sell(w, WANG, "100.01", { meterId }))).toBe("limit_recharge_one");
    expect(await refusal(previewRecharge(w.ctx, WANG, { meterId, amount: "100.01" }))).toBe("limit_recharge_one");
    await oneCustomer(w, [meterId, other]);
    const parts = [
      { meterId, amount: "60" },
      { meterId: other, amount: "60" },
    ];
    const split = { key: key(), parts, channel: "transfer" as const, note: "", ip: "" };
    expect(await refusal(takePayment(w.ctx, WANG, split))).toBe("limit_recharge_one");
    expect(await refusal(previewPayment(w.ctx, WANG, split))).toBe("limit_recharge_one");
    expect(await traces(w)).toEqual(before);
    expect(await refusal(sell(w, WANG, "100", { meterId }))).toBe("nothing");
    expect(await refusal(takePayment(w.ctx, LI, split))).toBe("nothing"); // the very same request of who has no limit
    await expectBooksRight(w);
  });

  on(
    "hold for all that a cashier sells in a day, by every way of the desk, however many he sends at once",
    async () => {
      const w = await world({ database: name, collector: false });
      const ids = await meters(w, 8);
      await limited(w, WANG, { rechargeDay: yuan(100) });
      const second = await openDatabase(w.db.url);
      try {
        const answers = await Promise.all(
          Array.from({ length: 16 }, (_, i) =>
            refusal(
              sell(w, WANG, "30", {
                meterId: ids[i % ids.length] ?? 0,
                on: i % 2 === 0 ? w.db : (second as World["db"]),
              }),
            ),
          ),
        );
        expect(answers.filter((each) => each === "nothing")).toHaveLength(3);
        // What is refused beside an equal sale of the same meter names that.
        const refusals = answers.filter((each) => each !== "nothing" && each !== "limit_recharge_day_repeat");
        expect(new Set(refusals)).toEqual(new Set(["limit_recharge_day"]));
      } finally {
        await second.close();
      }
      expect(await takenBy(w, WANG)).toBe(yuan(90));
      expect([await countOf(w, "recharge_order"), await countOf(w, "payment"), await countOf(w, "command")]).toEqual([
        3, 3, 3,
      ]);
      expect((await previewRecharge(w.ctx, WANG, { meterId: ids[0] ?? 0, amount: "10" })).today).toEqual({
        limit: "100.00",
        used: "90.00",
        left: "10.00",
      });
      expect((await previewRecharge(w.ctx, LI, { meterId: ids[0] ?? 0, amount: "10" })).today).toBeNull();
      expect(await refusal(sell(w, WANG, "10", { meterId: ids[0] ?? 0 }))).toBe("nothing"); // to the last fen
      expect(await refusal(sell(w, WANG, "0.80", { meterId: ids[0] ?? 0 }))).toBe("limit_recharge_day");
      expect(await refusal(sell(w, LI, "500", { meterId: ids[0] ?? 0 }))).toBe("nothing");
      await expectBooksRight(w);
    },
  );

  on("never refuse a repeat of what was booked, nor count it twice, however many come at once", async () => {
    const w = await world({ database: name, collector: false });
    const [meterId = 0] = await meters(w, 1);
    await limited(w, WANG, { rechargeDay: yuan(100), rechargeOne: yuan(100) });
    const same = key();
    const second = await openDatabase(w.db.url);
    try {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          sell(w, WANG, "100", { meterId, key: same, on: i % 2 === 0 ? w.db : (second as World["db"]) }),
        ),
      );
      expect(new Set(answers.map(({ orderNo }) => orderNo)).size).toBe(1);
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
    } finally {
      await second.close();
    }
    await limited(w, WANG, { rechargeDay: yuan(1), rechargeOne: yuan(1) });
    expect((await sell(w, WANG, "100", { meterId, key: same })).created).toBe(false);
    expect(await refusal(sell(w, WANG, "2", { meterId, key: same }))).toBe("order_key_conflict");
    expect(await takenBy(w, WANG)).toBe(yuan(100));
    await expectBooksRight(w);
  });

  on("begin anew at midnight, and are none of money that came by itself", async () => {
    const w = await world({ database: name, collector: false });
    const [meterId = 0, other = 0] = await meters(w, 2);
    await limited(w, WANG, { rechargeDay: yuan(100), rechargeOne: yuan(80) });
    w.letPass(untilMidnight(w) - 60_000);
    await sell(w, WANG, "80", { meterId });
    const kept = key();
    expect(await refusal(sell(w, WANG, "60", { meterId: other, key: kept }))).toBe("limit_recharge_day");
    w.letPass(60_000);
    expect(await refusal(sell(w, WANG, "60", { meterId: other, key: kept }))).toBe("nothing");
    expect((await previewRecharge(w.ctx, WANG, { meterId, amount: "1" })).today?.used).toBe("60.00");
    const outside = { externalId: "4200001", projectId: 1, meterId, amount: yuan(500), note: "" };
    const taken = await takeExternalPayment(w.ctx, WANG, { channel: "wechat", ...outside });
    expect(taken.orders).toHaveLength(1);
    expect((await previewRecharge(w.ctx, WANG, { meterId, amount: "1" })).today?.used).toBe("60.00");
    await expectBooksRight(w);
  });

  on("count the money that was taken, also when its recharge was withdrawn and the money given back", async () => {
    const w = await world({ database: name, collector: false });
    const [meterId = 0, other = 0] = await meters(w, 2);
    await limited(w, WANG, { rechargeDay: yuan(100), rechargeOne: yuan(100) });
    const { orderNo } = await sell(w, WANG, "100", { meterId });
    await withdrawRecharge(w.ctx, WANG, { orderNo, reason: "收错", ip: "" });
    const before = await traces(w);
    for (const amount of ["100", "1"])
      expect(await refusal(sell(w, WANG, amount, { meterId }))).toBe("limit_recharge_day");
    expect(await refusal(previewRecharge(w.ctx, WANG, { meterId, amount: "1" }))).toBe("limit_recharge_day");
    expect(await traces(w)).toEqual(before);
    expect(await takenBy(w, WANG)).toBe(yuan(100));
    const back = {
      meterId,
      kind: "wallet",
      quantity: "100",
      orderNo: null,
      method: "transfer",
      reason: "收错",
    } as const;
    await requestRefund(w.ctx, WANG, { ...back, key: key(), ip: "" });
    expect(await refusal(sell(w, WANG, "1", { meterId: other }))).toBe("limit_recharge_day");
    // A meter that refuses leaves the money with us all the same.
    await limited(w, WANG, { rechargeDay: yuan(150) });
    const second = await sell(w, WANG, "50", { meterId: other });
    await w.db.transact((tx) =>
      tx.updateTable("recharge_order").set({ state: "refused" }).where("order_no", "=", second.orderNo).execute(),
    );
    expect(await refusal(sell(w, WANG, "1", { meterId }))).toBe("limit_recharge_day");
    await limited(w, WANG, { rechargeDay: yuan(151) });
    expect((await previewRecharge(w.ctx, WANG, { meterId, amount: "1" })).today).toEqual({
      limit: "151.00",
      used: "150.00",
      left: "1.00",
    });
  });

  on("hold for the money of one payment, not for the old money of the wallet that it spends", async () => {
    const w = await world({ database: name, collector: false });
    const [meterId = 0] = await meters(w, 1);
    await limited(w, WANG, { rechargeOne: yuan(100) });
    const first = await sell(w, WANG, "100", { meterId });
    await withdrawRecharge(w.ctx, WANG, { orderNo: first.orderNo, reason: "收错", ip: "" });
    expect(await refusal(sell(w, WANG, "100.01", { meterId }))).toBe("limit_recharge_one");
    const { orderNo } = await sell(w, WANG, "100", { meterId });
    expect(e4((await w.order(orderNo)).unitsCost)).toBeGreaterThan(yuan(199));
    await expectBooksRight(w);
  });

  on("name the equal order beside the refusal: what is asked again may be booked already", async () => {
    const w = await world({ database: name, collector: false });
    const [meterId = 0, other = 0] = await meters(w, 2);
    await oneCustomer(w, [meterId, other]);
    await limited(w, WANG, { rechargeDay: yuan(100) });
    const { orderNo } = await sell(w, WANG, "100", { meterId });
    const told = async (doing: Promise<unknown>) => {
      const error = await doing.then(() => null).catch((thrown: unknown) => thrown);
      return error instanceof AppError ? [error.code, error.details["orderNo"] ?? null] : [String(error), null];
    };
    const before = await traces(w);
    const again = { meterId, amount: "100" };
    expect(await told(previewRecharge(w.ctx, WANG, again))).toEqual(["limit_recharge_day_repeat", orderNo]);
    expect(await told(sell(w, WANG, "100", { meterId }))).toEqual(["limit_recharge_day_repeat", orderNo]);
    const parts = [{ meterId: other, amount: "20" }, again];
    const split = { key: key(), parts, channel: "cash" as const, note: "", ip: "" };
    expect(await told(previewPayment(w.ctx, WANG, split))).toEqual(["limit_recharge_day_repeat", orderNo]);
    expect(await told(takePayment(w.ctx, WANG, split))).toEqual(["limit_recharge_day_repeat", orderNo]);
    // Whoever took it: who may take less at once hears of the order of a colleague.
    await limited(w, LI, { rechargeOne: yuan(50) });
    expect(await told(previewRecharge(w.ctx, LI, again))).toEqual(["limit_recharge_one_repeat", orderNo]);
    // Another amount, another meter and an order of long ago are no repeat.
    const plain = ["limit_recharge_day", null];
    expect(await told(previewRecharge(w.ctx, WANG, { meterId, amount: "99" }))).toEqual(plain);
    expect(await told(previewRecharge(w.ctx, WANG, { meterId: other, amount: "100" }))).toEqual(plain);
    w.letPass(11 * MINUTE_MS);
    expect(await told(previewRecharge(w.ctx, WANG, again))).toEqual(plain);
    expect(await traces(w)).toEqual(before);
    await expectBooksRight(w);
  });

  on("hold for all that somebody asks to give back or give up in a day", async () => {
    const w = await world({ database: name, collector: false });
    const ids = await meters(w, 4);
    for (const meterId of ids) {
      const { orderNo } = await sell(w, LI, "100", { meterId });
      await withdrawRecharge(w.ctx, LI, { orderNo, reason: "x", ip: "" }); // 100 yuan in each wallet
    }
    await limited(w, WANG, { refundDay: yuan(100) });
    const asking = (meterId: number, quantity: string, over: { by?: Actor; key?: string } = {}) =>
      requestRefund(w.ctx, over.by ?? WANG, {
        ...{ key: over.key ?? key(), meterId, kind: "wallet", quantity, orderNo: null },
        ...{ method: "transfer", reason: "不租了", ip: "" },
      });
    const same = key();
    const first = ids[0] ?? 0;
    const repeats = await Promise.all(Array.from({ length: 4 }, () => asking(first, "40", { key: same })));
    expect(repeats.filter(({ created }) => created)).toHaveLength(1);
    const before = await traces(w);
    expect(await refusal(asking(first, "60.01"))).toBe("refund_exceeds_money"); // what else stands against it comes first
    expect(await refusal(asking(ids[1] ?? 0, "60.01"))).toBe("limit_refund_day");
    const wanted = { kind: "wallet", meterId: ids[1] ?? 0, quantity: "60.01", orderNo: null } as const;
    expect(await refusal(previewRefund(w.ctx, WANG, wanted))).toBe("limit_refund_day");
    expect(await traces(w)).toEqual(before);
    expect((await previewRefund(w.ctx, WANG, { ...wanted, quantity: "60" })).today?.left).toBe("60.00");
    const answers = await Promise.all(ids.flatMap((meterId) => [0, 1].map(() => refusal(asking(meterId, "25")))));
    expect(answers.filter((each) => each === "nothing")).toHaveLength(2); // 40 + 25 + 25
    expect(await refusal(asking(ids[1] ?? 0, "20", { by: LI }))).toBe("nothing");
    w.letPass(untilMidnight(w));
    const { left } = (await previewRefund(w.ctx, WANG, { ...wanted, quantity: "10" })).today ?? {};
    expect(left).toBe("100.00");
    await expectBooksRight(w);
  });

  on("count clears and write-offs with refunds, and what was rejected not", async () => {
    const { w, meter, bought, clear, approve } = await refundDesk(name);
    await bought("100");
    const wanted = { kind: "clear", meterId: meter.id, quantity: "", orderNo: null } as const;
    const worth = await previewRefund(w.ctx, boss, wanted);
    const value = parseMoney(worth.amount, 4) ?? yuan(0);
    await limited(w, boss, { refundDay: money(value - 1) });
    expect(await refusal(clear())).toBe("limit_refund_day");
    expect(await refusal(previewRefund(w.ctx, boss, wanted))).toBe("limit_refund_day");
    await limited(w, boss, { refundDay: value });
    const { refundNo } = await clear();
    await approve(refundNo, finance, "reject");
    const { customer_id: customerId } = await w.db.read
      .selectFrom("account")
      .select("customer_id")
      .where("id", "=", meter.account_id ?? 0)
      .executeTakeFirstOrThrow();
    const owed = {
      from: { kind: "debt", ref: customerId },
      to: { kind: "revenue", ref: 1 },
      amount: yuan(50),
    } as const;
    const share = postedTransfer({ id: "share:test", kind: "share", actor: "test", ...owed });
    await w.db.transact((tx) => bookTransfer(tx, share, w.ctx.clock()));
    await limited(w, boss, { refundDay: yuan(50) });
    const give = (amount: string) =>
      requestWriteOff(w.ctx, boss, { key: key(), meterId: meter.id, amount, reason: "逃逸", ip: "" });
    const given = await Promise.all([1, 2, 3].map(() => refusal(give("30"))));
    expect(given.filter((each) => each === "nothing")).toHaveLength(1);
    const rows = await w.db.read
      .selectFrom("refund")
      .select(["kind", "amount_e4"])
      .where("state", "!=", "rejected")
      .execute();
    expect(rows).toEqual([{ kind: "debt", amount_e4: 300_000 }]);
    await expectBooksRight(w);
  });

  on("stop a move-out before its meters are cleared, and its money at the end", async () => {
    const d = await desk(name);
    const { w, electricity } = d;
    const order = await w.recharge(electricity.id, "100");
    await until("confirmed", async () => (await w.order(order)).state === "confirmed");
    const { moveOutNo } = await d.begin();
    const { sheet } = await d.reached(moveOutNo, "calculated");
    const payable = parseMoney(sheet?.payable ?? "", 4) ?? yuan(0);
    expect(payable).toBeGreaterThan(0);
    await limited(w, boss, { refundDay: money(payable - 1) });
    expect(await refusal(d.confirm(moveOutNo))).toBe("limit_refund_day");
    expect(await d.view(moveOutNo)).toMatchObject({ state: "calculated" });
    expect(await countOf(w, "refund")).toBe(0);
    await limited(w, boss, { refundDay: payable });
    if ((await d.confirm(moveOutNo)) === "asked") await d.approve(moveOutNo);
    await d.reached(moveOutNo, "paying");
    const cash = await d.posted("cash");
    await limited(w, boss, { refundDay: yuan(0) });
    const told = await until("refused", async () => {
      await w.settle();
      const answer = await refusal(d.finish(moveOutNo));
      return answer !== "nothing" && answer;
    });
    expect(told).toBe("limit_refund_day");
    expect(await d.posted("cash")).toBe(cash);
    expect(await d.view(moveOutNo)).toMatchObject({ state: "paying" });
    await limited(w, boss, { refundDay: payable });
    await d.finished(moveOutNo);
    expect(await d.finish(moveOutNo)).toBe("done"); // counted once, and never refused for itself
    const final = (await d.view(moveOutNo)).sheet;
    expect((await d.posted("cash")) - cash).toBe(e4(final?.payable ?? ""));
    const used = await refundedBy(w.db.read, boss.login, { from: instant(0), until: later(w.ctx.clock(), DAY_MS) });
    expect(used).toBe(e4(final?.payable ?? ""));
    await expectBooksRight(w);
  });
});
