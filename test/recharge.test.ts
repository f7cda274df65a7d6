import { describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { recheckTopUp } from "#flows/recheck-top-up.ts";
import { withdrawRecharge } from "#flows/withdraw-recharge.ts";
import { tileOf } from "#store/board.ts";
import { testDatabases } from "#store/test-databases.ts";
import { STORY_MS } from "./story.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

/** Everything that must hold whatever happened: books, meters and orders agree to the last unit. */
async function expectAllAgree(w: World): Promise<void> {
  const report = await w.verify();
  expect(report.problems).toEqual([]);
  expect(report.sumE4).toBe(0);
  const confirmed = await w.db.read
    .selectFrom("recharge_order")
    .innerJoin("meter", "meter.id", "recharge_order.meter_id")
    .innerJoin("account", "account.id", "meter.account_id")
    .select(["meter.address", "recharge_order.units_wh"])
    .where("account.credit_at", "=", "meter")
    .where("recharge_order.state", "=", "confirmed")
    .execute();
  for (const meter of w.town.snapshot().meters) {
    const sold = confirmed.filter((order) => order.address === meter.address).map((order) => order.units_wh);
    expect(meter.topUps.map((topUp) => topUp.amount * 10).sort(), meter.address).toEqual(sold.sort());
    expect(meter.purchaseCount).toBe(sold.length);
  }
}

const refusal = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return (error as AppError).code;
};

describe.each(testDatabases)("a recharge on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on(
    "of 100 yuan at 0.75 for a tripped meter ends with 133 kWh, 0.25 in the wallet, and the relay closed",
    async () => {
      const w = await world({ database: name });
      const meter = await w.meterAt(w.hero);
      await until("the meter is seen tripped", async () => (await w.meterAt(w.hero)).off_cause === "arrears");
      expect((await tileOf(w.db.read, SCOPE_ALL, meter.id))?.state).toBe("off");
      const orderNo = await w.recharge(meter.id, "100");
      const order = await until("the order is confirmed and the relay closed", async () => {
        const seen = await w.order(orderNo);
        return seen.state === "confirmed" && seen.reconnection === "closed" && seen;
      });
      expect(order).toMatchObject({
        unitsWh: 133_000,
        unitsCost: "99.75",
        walletAfter: "0.25",
        purchaseNumber: 1,
        reconnection: "closed",
      });
      const tile = await until("the board is white", async () => {
        const seen = await tileOf(w.db.read, SCOPE_ALL, meter.id);
        return seen?.state === "normal" && seen;
      });
      expect(tile.remainingWh).toBeGreaterThan(132_900);
      const real = w.town.meter(meter.address);
      expect(real).toMatchObject({ purchaseCount: 1, relay: "closed" });
      await expectAllAgree(w);
    },
  );

  on(
    "whose answer is lost is read back, not sent again",
    async () => {
      const w = await world({ database: name });
      const meter = await w.meterAt(w.hero);
      await until("the meter was read", async () => (await w.meterAt(w.hero)).relay === "open");
      w.town.setFaults({ meters: { [meter.address]: { loseAnswer: 0.5 } } });
      const orders: string[] = [];
      for (let i = 0; i < 4; i++) orders.push(await w.recharge(meter.id, "10"));
      for (const orderNo of orders) {
        await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
      }
      w.town.setFaults({ meters: {} });
      expect(w.town.meter(meter.address)?.topUps.map((each) => each.count)).toEqual([1, 2, 3, 4]);
      await expectAllAgree(w);
    },
    STORY_MS,
  );

  on(
    "whose request is lost is sent again with the very same bytes",
    async () => {
      const w = await world({ database: name });
      const meter = await w.meterAt(w.hero);
      await until("the meter was read", async () => (await w.meterAt(w.hero)).relay === "open");
      w.town.setFaults({ meters: { [meter.address]: { loseRequest: 0.5, corrupt: 0.1, duplicate: 0.3 } } });
      const orderNo = await w.recharge(meter.id, "30");
      await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
      w.town.setFaults({ meters: {} });
      const sent = await w.db.read
        .selectFrom("frame_log")
        .select("hex")
        .where("meter_id", "=", meter.id)
        .where("direction", "=", "sent")
        .where("command_id", "is not", null)
        .execute();
      const command = await w.db.read
        .selectFrom("command")
        .select("frame_hex")
        .where("order_no", "=", orderNo)
        .where("kind", "=", "top_up")
        .executeTakeFirstOrThrow();
      expect(new Set(sent.map((each) => each.hex).filter((hex) => hex.includes("68031e"))).size).toBeLessThanOrEqual(1);
      expect(command.frame_hex).toContain("68031e");
      await expectAllAgree(w);
    },
    STORY_MS,
  );

  on(
    "with one key, many times at once, is one order; with another amount it is refused and nothing is booked",
    async () => {
      const w = await world({ database: name });
      const meter = await w.meterAt(w.hero);
      const orders = await Promise.all(Array.from({ length: 20 }, () => w.recharge(meter.id, "50", "one-key-for-all")));
      expect(new Set(orders).size).toBe(1);
      expect(await refusal(w.recharge(meter.id, "51", "one-key-for-all"))).toBe("order_key_conflict");
      const other = await w.meterAt(w.plan.meters[1]?.room ?? "");
      expect(await refusal(w.recharge(other.id, "50", "one-key-for-all"))).toBe("order_key_conflict");
      await until("confirmed", async () => (await w.order(orders[0] ?? "")).state === "confirmed");
      const paid = await w.db.read.selectFrom("ledger_transfer").select("id").where("kind", "=", "payment").execute();
      expect(paid).toHaveLength(1);
      await expectAllAgree(w);
    },
  );

  on("by many cashiers at once for one customer never spends the same change twice", async () => {
    const w = await world({ database: name });
    const meter = await w.meterAt(w.hero);
    const orders = await Promise.all(Array.from({ length: 12 }, () => w.recharge(meter.id, "10.10")));
    for (const orderNo of orders) await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    const units = (await Promise.all(orders.map(w.order))).reduce((sum, order) => sum + order.unitsWh, 0);
    expect(units).toBe(Math.floor(121.2 / 0.75) * 1000);
    await expectAllAgree(w);
  });

  on("for a meter that is offline is booked once, waits, and is credited once when it comes back", async () => {
    const w = await world({ database: name });
    const meter = await w.meterAt(w.hero);
    w.town.setMeterOffline(meter.address, true);
    const orderNo = await w.recharge(meter.id, "100");
    await until("the pump has tried", async () => {
      const row = await w.db.read
        .selectFrom("command")
        .select("attempts")
        .where("order_no", "=", orderNo)
        .executeTakeFirst();
      return (row?.attempts ?? 0) >= 1;
    });
    expect((await w.order(orderNo)).state).toBe("booked");
    w.town.setMeterOffline(meter.address, false);
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    await expectAllAgree(w);
  });

  on("that was never sent can be withdrawn, and the money stays in the wallet; one that was sent cannot", async () => {
    const w = await world({ database: name, collector: false });
    const meter = await w.meterAt(w.hero);
    const orderNo = await w.recharge(meter.id, "100");
    const withdraw = () => withdrawRecharge(w.ctx, boss, { orderNo, reason: "wrong meter", ip: "" });
    await withdraw();
    expect(await w.order(orderNo)).toMatchObject({ state: "withdrawn" });
    await withdraw(); // a second click changes nothing
    expect(await w.order(orderNo)).toMatchObject({ state: "withdrawn" });
    const second = await w.recharge(meter.id, "0.50");
    expect(await w.order(second)).toMatchObject({ walletBefore: "100.00", unitsWh: 134_000, walletAfter: "0.00" });
    await w.startCollector();
    await until("confirmed", async () => (await w.order(second)).state === "confirmed");
    expect(await refusal(withdrawRecharge(w.ctx, boss, { orderNo: second, reason: "too late", ip: "" }))).toBe(
      "order_not_withdrawable",
    );
    await expectAllAgree(w);
  });

  on("stops when the meter's purchase count contradicts the books, and says so", async () => {
    const w = await world({ database: name });
    const meter = await w.meterAt(w.hero);
    await w.db.transact((tx) =>
      tx.updateTable("meter_state").set({ purchase_count: 7 }).where("meter_id", "=", meter.id).execute(),
    );
    const orderNo = await w.recharge(meter.id, "100");
    const order = await until("stopped", async () => {
      const seen = await w.order(orderNo);
      return seen.state === "stopped" && seen;
    });
    expect(order.stateReason).toBe("count_mismatch");
    expect(w.town.meter(meter.address)?.purchaseCount).toBe(0);
    expect(await refusal(w.recharge(meter.id, "100"))).toBe("top_ups_stopped");
    expect((await tileOf(w.db.read, SCOPE_ALL, meter.id))?.reasons).toContain("top_ups_stopped");
    expect((await w.verify()).sumE4).toBe(0);

    // Looked at again without anything having changed, it stops again; with the books right, it goes through.
    const recheck = () => recheckTopUp(w.ctx, boss, { orderNo, reason: "was at the meter", ip: "" });
    await recheck();
    await until("stopped again", async () => (await w.order(orderNo)).stateReason === "count_mismatch");
    await w.db.transact((tx) =>
      tx.updateTable("meter_state").set({ purchase_count: 0 }).where("meter_id", "=", meter.id).execute(),
    );
    await recheck();
    await until("confirmed", async () => (await w.order(orderNo)).state === "confirmed");
    expect(await refusal(recheck())).toBe("order_not_stopped");
    await expectAllAgree(w);
  });

  on("of an amount that cannot be is refused before anything is booked", async () => {
    const w = await world({ database: name, collector: false });
    const meter = await w.meterAt(w.hero);
    for (const amount of ["0", "0.00", "-1", "0.001", "1e9", "100001", "abc", "", " 5", "1,000", "٣"]) {
      expect(await refusal(w.recharge(meter.id, amount)), amount).toBe("amount_invalid");
    }
    expect(await refusal(w.recharge(meter.id, "0.50"))).toBe("below_one_unit");
    expect(await refusal(w.recharge(999_999, "10"))).toBe("meter_not_found");
    const nobody = { ...boss, scope: { all: false as const, areaIds: [], meterIds: [] } };
    const { recharge } = await import("#flows/recharge.ts");
    const foreign = recharge(w.ctx, nobody, {
      key: "k".repeat(8),
      meterId: meter.id,
      amount: "10",
      channel: "cash",
      note: "",
      ip: "",
    });
    expect(await refusal(foreign)).toBe("meter_not_found");
    expect(await w.db.read.selectFrom("recharge_order").select("order_no").execute()).toEqual([]);
    expect(await w.db.read.selectFrom("ledger_transfer").select("id").where("kind", "<>", "opening").execute()).toEqual(
      [],
    );
  });

  on(
    "survives a line that loses, garbles, doubles and delays",
    async () => {
      const w = await world({
        database: name,
        faults: {
          everywhere: { loseRequest: 0.1, loseAnswer: 0.15, corrupt: 0.1, duplicate: 0.1, lateAnswer: 0.1, lateMs: 60 },
        },
      });
      const meters = w.plan.meters.filter((meter) => meter.creditAt === "meter").slice(0, 6);
      const orders: string[] = [];
      for (const meter of meters) {
        const { id } = await w.meterAt(meter.room);
        for (const amount of ["20", "30.33"]) orders.push(await w.recharge(id, amount));
      }
      for (const orderNo of orders)
        await until(`${orderNo} confirmed`, async () => (await w.order(orderNo)).state === "confirmed");
      w.town.setFaults({ everywhere: {} });
      await expectAllAgree(w);
    },
    60_000,
  );
});
