import { describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { HOUR_MS } from "#base/time.ts";
import { money } from "#base/units.ts";
import type { PaymentRequest } from "#contract/payments.ts";
import type { Actor } from "#domain/permission.ts";
import { closeShift, countShift } from "#flows/close-shift.ts";
import { type ExternalPayment, takeExternalPayment } from "#flows/external-payment.ts";
import { openShift } from "#flows/open-shift.ts";
import { previewPayment, takePayment } from "#flows/recharge.ts";
import { withdrawRecharge } from "#flows/withdraw-recharge.ts";
import { cashExpected, countsOf, shiftRow, shiftRows } from "#store/shifts.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

const key = () => newId(systemClock());
const cashier = (userId: number): Actor => ({ ...boss, userId, login: `cashier${userId}`, name: `收费员${userId}` });
const WANG = cashier(11);
const LI = cashier(12);

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof AppError ? error.code : Promise.reject(error)),
  );

/** Three rooms of one customer, as a later move of tenants would leave them: the second and third join the first's customer. */
async function threeRooms(w: World): Promise<{ ids: number[]; customerId: number }> {
  const rooms = await Promise.all(["A座-0101", "A座-0102", "A座-0105"].map((label) => w.meterAt(label)));
  const accounts = rooms.map((room) => room.account_id ?? 0);
  return w.db.transact(async (tx) => {
    const owner = await tx
      .selectFrom("account")
      .select("customer_id")
      .where("id", "=", accounts[0] ?? 0)
      .executeTakeFirstOrThrow();
    await tx.updateTable("account").set({ customer_id: owner.customer_id }).where("id", "in", accounts).execute();
    return { ids: rooms.map((room) => room.id), customerId: owner.customer_id };
  });
}

function payment(parts: readonly [meterId: number, amount: string][], change: Partial<PaymentRequest> = {}) {
  const request = { key: key(), channel: "cash" as const, note: "", ip: "", ...change };
  return { ...request, parts: parts.map(([meterId, amount]) => ({ meterId, amount })) };
}

async function paymentRow(w: World, paymentNo: string) {
  return w.db.read.selectFrom("payment").selectAll().where("payment_no", "=", paymentNo).executeTakeFirstOrThrow();
}

async function expectBooksRight(w: World): Promise<void> {
  expect(await w.verify()).toMatchObject({ ok: true, sumE4: 0, problems: [] });
}

describe.each(testDatabases)("the desk on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on("splits one payment over meters of one customer, each with its own way to its meter", async () => {
    const w = await world({ database: name });
    const { ids } = await threeRooms(w);
    const [hero = 0, second = 0, server = 0] = ids;
    const request = payment([
      [hero, "100"],
      [second, "80.55"],
      [server, "50"],
    ]);
    const preview = await previewPayment(w.ctx, WANG, request);
    const [first, , third] = preview.parts;
    expect(preview).toMatchObject({ amount: "230.55" });
    expect(first).toMatchObject({ unitsWh: 133_000, walletAfter: "0.25" });
    expect(preview.parts[1]?.walletBefore).toBe("0.25"); // what the first leaves over is there for the second
    const taken = await takePayment(w.ctx, WANG, request);
    expect(taken.orders).toEqual([1, 2, 3].map((nth) => `${taken.paymentNo}-${nth}`));
    for (const orderNo of taken.orders)
      await until(`${orderNo} arrived`, async () => (await w.order(orderNo)).state === "confirmed");
    const orders = await Promise.all(taken.orders.map((orderNo) => w.order(orderNo)));
    expect(orders.map(({ unitsWh, unitsCost, walletAfter }) => ({ unitsWh, unitsCost, walletAfter }))).toEqual(
      preview.parts.map(({ unitsWh, unitsCost, walletAfter }) => ({ unitsWh, unitsCost, walletAfter })),
    );
    expect(third?.unitsWh).toBe(0); // credit on the server stays money
    expect(await paymentRow(w, taken.paymentNo)).toMatchObject({
      amount_e4: 2_305_500,
      parts: 3,
      outcome: "recharged",
    });
    expect(await takePayment(w.ctx, WANG, request)).toEqual({ ...taken, created: false });
    expect(await codeOf(takePayment(w.ctx, WANG, { ...request, channel: "transfer" }))).toBe("order_key_conflict");
    await expectBooksRight(w);
  });

  on("books all parts or nothing", async () => {
    const w = await world({ database: name, collector: false });
    const { ids } = await threeRooms(w);
    const [hero = 0, second = 0] = ids;
    const stranger = (await w.meterAt("A座-0103")).id;
    const refused: [string, [number, string][]][] = [
      [
        "part_below_one_unit",
        [
          [hero, "100"],
          [second, "0.01"],
        ],
      ],
      [
        "meters_of_two_customers",
        [
          [hero, "100"],
          [stranger, "100"],
        ],
      ],
      [
        "parts_invalid",
        [
          [hero, "100"],
          [hero, "100"],
        ],
      ],
      ["parts_invalid", []],
      [
        "amount_invalid",
        [
          [hero, "100"],
          [second, "-5"],
        ],
      ],
      [
        "meter_not_found",
        [
          [hero, "100"],
          [999_999, "5"],
        ],
      ],
    ];
    for (const [code, parts] of refused) expect(await codeOf(takePayment(w.ctx, WANG, payment(parts)))).toBe(code);
    for (const table of ["payment", "recharge_order", "command", "shift"] as const)
      expect(await w.db.read.selectFrom(table).selectAll().execute(), table).toEqual([]);
    const taken = await takePayment(w.ctx, WANG, payment([[hero, "1"]]));
    expect((await paymentRow(w, taken.paymentNo)).receipt_no).toMatch(/^\d{4}-000001$/); // refusals leave no gap
    await expectBooksRight(w);
  });

  on("withdraws one part and leaves the others", async () => {
    const w = await world({ database: name, collector: false });
    const { ids, customerId } = await threeRooms(w);
    const [hero = 0, second = 0] = ids;
    const taken = await takePayment(
      w.ctx,
      WANG,
      payment([
        [hero, "75"],
        [second, "100"],
      ]),
    );
    await withdrawRecharge(w.ctx, WANG, { orderNo: taken.orders[0] ?? "", reason: "充错", ip: "" });
    const states = await Promise.all(taken.orders.map(async (orderNo) => (await w.order(orderNo)).state));
    expect(states).toEqual(["withdrawn", "booked"]);
    const wallet = await w.db.read
      .selectFrom("ledger_account")
      .selectAll()
      .where("id", "=", `wallet:${customerId}`)
      .executeTakeFirstOrThrow();
    const rest = (await w.order(taken.orders[1] ?? "")).walletAfter;
    expect(wallet.balance_e4 - wallet.reserved_e4).toBe(750_000 + Math.round(Number(rest) * 10_000));
    await expectBooksRight(w);
  });

  on("numbers receipts without a gap whatever races and fails", async () => {
    const w = await world({ database: name, collector: false });
    const meters = await Promise.all(["A座-0101", "A座-0102", "A座-0103"].map((label) => w.meterAt(label)));
    const same = key();
    await Promise.allSettled(
      Array.from({ length: 12 }, (_, nth) => {
        const meterId = meters[nth % 3]?.id ?? 0;
        const amount = nth % 4 === 3 ? "0.01" : "20";
        const request = nth < 4 ? payment([[meters[0]?.id ?? 0, "20"]], { key: same }) : payment([[meterId, amount]]);
        return takePayment(w.ctx, nth % 2 === 0 ? WANG : LI, request);
      }),
    );
    const rows = await w.db.read.selectFrom("payment").select("receipt_no").orderBy("receipt_no").execute();
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.map((row) => Number(row.receipt_no.slice(5)))).toEqual(rows.map((_, at) => at + 1));
    expect(await w.db.read.selectFrom("payment").selectAll().where("idem_key", "=", same).execute()).toHaveLength(1);
    await expectBooksRight(w);
  });

  on("keeps each cashier's cash in a shift of his own, counts it blind and hands it over", async () => {
    const w = await world({ database: name, collector: false });
    const hero = (await w.meterAt(w.hero)).id;
    const shiftId = await openShift(w.ctx, WANG, { projectId: 1, float: "200", ip: "" });
    expect(await codeOf(openShift(w.ctx, WANG, { projectId: 1, float: "0", ip: "" }))).toBe("shift_open_already");
    await takePayment(w.ctx, WANG, payment([[hero, "100"]]));
    await takePayment(w.ctx, WANG, payment([[hero, "50"]], { channel: "transfer" }));
    const other = await takePayment(w.ctx, LI, payment([[hero, "30"]])); // opens a shift by itself
    const lisShift = (await paymentRow(w, other.paymentNo)).shift_id ?? 0;
    expect(lisShift).not.toBe(shiftId);
    expect(await cashExpected(w.db.read, shiftId)).toBe(3_000_000);
    expect(await cashExpected(w.db.read, lisShift)).toBe(300_000);

    const wrong = await countShift(w.ctx, WANG, { shiftId, key: key(), counted: "295", denominations: null });
    expect(wrong).toEqual({ n: 1, counted: 2_950_000, expected: 3_000_000, difference: -50_000 });
    const close = { shiftId, ip: "" };
    expect(await codeOf(closeShift(w.ctx, WANG, { ...close, count: 1, reason: "" }))).toBe("shift_difference");
    const again = key();
    const right = { shiftId, key: again, counted: null, denominations: { "10000": 3, "500": 1 } };
    const counted = await countShift(w.ctx, WANG, right);
    expect(counted).toMatchObject({ n: 2, difference: 50_000 });
    expect(await countShift(w.ctx, WANG, right)).toEqual(counted);
    expect(await codeOf(countShift(w.ctx, WANG, { ...right, denominations: { "10000": 4 } }))).toBe(
      "shift_key_conflict",
    );
    expect(await codeOf(closeShift(w.ctx, WANG, { ...close, count: 1, reason: "旧的" }))).toBe("shift_moved_on");
    await closeShift(w.ctx, WANG, { ...close, count: 2, reason: "多收 5 元,客户已离开" });
    await closeShift(w.ctx, WANG, { ...close, count: 2, reason: "多收 5 元,客户已离开" }); // a second click
    expect(await codeOf(closeShift(w.ctx, boss, { ...close, count: 2, reason: "x" }))).toBe("shift_closed");
    expect(await codeOf(countShift(w.ctx, WANG, { shiftId, key: key(), counted: "1", denominations: null }))).toBe(
      "shift_closed",
    );
    expect(await cashExpected(w.db.read, shiftId)).toBe(0);
    const sums = Object.fromEntries(
      (
        await w.db.read
          .selectFrom("ledger_entry")
          .groupBy("account_id")
          .select((eb) => ["account_id", eb.fn.sum<number>("amount_e4").as("sum")])
          .where("account_id", "in", ["suspense:1", "handed_over:1"])
          .execute()
      ).map((row) => [row.account_id, Number(row.sum)]),
    );
    expect(sums).toEqual({ "suspense:1": 50_000, "handed_over:1": -3_050_000 + 2_000_000 });
    expect(await shiftRow(w.db.read, shiftId)).toMatchObject({
      state: "closed",
      expected_e4: 3_000_000,
      counted_e4: 3_050_000,
    });
    expect((await countsOf(w.db.read, shiftId)).map((count) => count.counted_e4)).toEqual([2_950_000, 3_050_000]);

    const next = await takePayment(w.ctx, WANG, payment([[hero, "10"]]));
    expect((await paymentRow(w, next.paymentNo)).shift_id).toBeGreaterThan(shiftId);
    await expectBooksRight(w);
  });

  on(
    "lets nobody close a shift that is not his without the permission, nor with a count that has gone stale",
    async () => {
      const w = await world({ database: name, collector: false });
      const hero = (await w.meterAt(w.hero)).id;
      const taken = await takePayment(w.ctx, WANG, payment([[hero, "100"]]));
      const shiftId = (await paymentRow(w, taken.paymentNo)).shift_id ?? 0;
      const plain: Actor = { ...LI, permissions: new Set(["recharge.create", "shift.view"]) };
      const count = { shiftId, key: key(), counted: "100", denominations: null };
      expect(await codeOf(countShift(w.ctx, plain, count))).toBe("shift_not_yours");
      const foreign: Actor = { ...LI, scope: { all: false, areaIds: [1], meterIds: [] } };
      expect(await codeOf(countShift(w.ctx, foreign, count))).toBe("shift_not_found");
      expect(await codeOf(countShift(w.ctx, WANG, { ...count, shiftId: 77 }))).toBe("shift_not_found");
      for (const counted of ["", "1,000", "-1", "1e3", "99999999999", null])
        expect(await codeOf(countShift(w.ctx, WANG, { ...count, counted }))).toBe("amount_invalid");
      for (const denominations of [{ "300": 1 }, { "10000": -1 }, { "10000": 0.5 }])
        expect(await codeOf(countShift(w.ctx, WANG, { ...count, counted: null, denominations }))).toBe("invalid_input");

      await countShift(w.ctx, WANG, count);
      await takePayment(w.ctx, WANG, payment([[hero, "20"]]));
      expect(await codeOf(closeShift(w.ctx, WANG, { shiftId, count: 1, reason: "", ip: "" }))).toBe("shift_moved_on");
      const late = await countShift(w.ctx, LI, { ...count, key: key(), counted: "120" });
      await closeShift(w.ctx, LI, { shiftId, count: late.n, reason: "", ip: "" });
      const [audit] = await w.db.read.selectFrom("audit").selectAll().where("action", "=", "shift.close").execute();
      expect(audit).toMatchObject({ actor: LI.login, object: `shift:${shiftId}` });
      expect(JSON.parse(audit?.before ?? "")).toMatchObject({ cashier: WANG.login });
    },
  );

  on("puts a payment that meets the closing of its shift into exactly one", async () => {
    const w = await world({ database: name, collector: false });
    const meters = await Promise.all(["A座-0101", "A座-0102", "A座-0103"].map((label) => w.meterAt(label)));
    let paid = 0;
    for (let round = 0; round < 6; round++) {
      const open = await takePayment(w.ctx, WANG, payment([[meters[0]?.id ?? 0, "10"]]));
      paid += 10;
      const shiftId = (await paymentRow(w, open.paymentNo)).shift_id ?? 0;
      const expected = await cashExpected(w.db.read, shiftId);
      const counted = (expected / 10_000).toFixed(2);
      const { n } = await countShift(w.ctx, WANG, { shiftId, key: key(), counted, denominations: null });
      const [closing, ...payments] = await Promise.allSettled([
        closeShift(w.ctx, WANG, { shiftId, count: n, reason: "", ip: "" }),
        ...meters.slice(1).map((meter) => takePayment(w.ctx, WANG, payment([[meter.id, "10"]]))),
      ]);
      expect(payments.every((each) => each.status === "fulfilled")).toBe(true);
      paid += payments.length * 10;
      if (closing?.status === "fulfilled") expect(await cashExpected(w.db.read, shiftId)).toBe(0);
      else expect(closing?.reason).toMatchObject({ code: "shift_moved_on" });
    }
    const shifts = await shiftRows(w.db.read, { userId: WANG.userId }, 100);
    expect(shifts.filter((shift) => shift.state === "open").length).toBeLessThanOrEqual(1);
    let inShifts = 0;
    for (const shift of shifts) inShifts += (shift.counted_e4 ?? (await cashExpected(w.db.read, shift.id))) / 10_000;
    expect(inShifts).toBe(paid);
    await expectBooksRight(w);
  });

  on("goes on with a forgotten shift after midnight: the drawer is still the same", async () => {
    const w = await world({ database: name, collector: false });
    const hero = (await w.meterAt(w.hero)).id;
    const first = await takePayment(w.ctx, WANG, payment([[hero, "10"]]));
    w.letPass(26 * HOUR_MS);
    const second = await takePayment(w.ctx, WANG, payment([[hero, "15"]]));
    const [before, after] = [await paymentRow(w, first.paymentNo), await paymentRow(w, second.paymentNo)];
    expect(after.shift_id).toBe(before.shift_id);
    expect(await cashExpected(w.db.read, before.shift_id ?? 0)).toBe(250_000);
  });

  on("takes a verified payment from outside once, and keeps money that cannot be sold", async () => {
    const w = await world({ database: name, collector: false });
    const hero = await w.meterAt(w.hero);
    const wechat: Actor = { ...boss, userId: 0, login: "wechat" };
    const paid = (change: Partial<ExternalPayment>): ExternalPayment => ({
      channel: "wechat",
      externalId: "4200001234",
      projectId: 1,
      meterId: hero.id,
      amount: money(500_000),
      note: "",
      ...change,
    });
    const all = await Promise.all(Array.from({ length: 8 }, () => takeExternalPayment(w.ctx, wechat, paid({}))));
    expect(new Set(all.map((each) => each.paymentNo)).size).toBe(1);
    expect(all.filter((each) => each.created)).toHaveLength(1);
    expect(await codeOf(takeExternalPayment(w.ctx, wechat, paid({ amount: money(600_000) })))).toBe(
      "order_key_conflict",
    );
    const partner = await takeExternalPayment(w.ctx, wechat, paid({ channel: "partner" }));
    expect(partner.created).toBe(true); // another channel, another name

    const small = await takeExternalPayment(w.ctx, wechat, paid({ externalId: "small", amount: money(100) }));
    expect(await paymentRow(w, small.paymentNo)).toMatchObject({ outcome: "wallet", outcome_reason: "below_one_unit" });
    const lost = await takeExternalPayment(w.ctx, wechat, paid({ externalId: "lost", meterId: 99_999 }));
    expect(await paymentRow(w, lost.paymentNo)).toMatchObject({ outcome: "suspense", customer_id: null });
    const nobody = await takeExternalPayment(w.ctx, wechat, paid({ externalId: "nobody", meterId: null }));
    expect(await paymentRow(w, nobody.paymentNo)).toMatchObject({
      outcome: "suspense",
      outcome_reason: "payer_unknown",
    });
    expect(await shiftRows(w.db.read, { userId: null }, 10)).toEqual([]); // no cash, no shift
    const balance = async (id: string) =>
      Number(
        (
          await w.db.read
            .selectFrom("ledger_entry")
            .where("account_id", "=", id)
            .select((eb) => eb.fn.sum<number>("amount_e4").as("sum"))
            .executeTakeFirstOrThrow()
        ).sum,
      );
    expect(await balance("wechat:1")).toBe(-500_000 - 100 - 500_000 - 500_000);
    expect(await balance("partner:1")).toBe(-500_000);
    expect(await balance("suspense:1")).toBe(1_000_000);
    await expectBooksRight(w);
  });
});
