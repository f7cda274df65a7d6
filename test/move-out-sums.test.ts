import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { money } from "#base/units.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { heldWh, takeBack } from "#domain/refund.ts";
import { setApprovalRule } from "#flows/decide-approval.ts";
import { advanceMoveOuts, finishMoveOut } from "#flows/finish-move-out.ts";
import { moveIn } from "#flows/move-in.ts";
import { startMoveOut } from "#flows/move-out.ts";
import { attestCleared, confirmMoveOut } from "#flows/move-out-clear.ts";
import { enterFinalReading } from "#flows/move-out-readings.ts";
import { refusal } from "#flows/test-refusal.ts";
import { townPlan } from "#simulator/plan.ts";
import { balanceOf, bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { addLot, openLots } from "#store/lots.ts";
import { moveOutView } from "#store/move-out-pages.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { type FaultPoint, onFaultPoints } from "#system/fault-point.ts";
import { newId } from "#system/ids.ts";
import { customerOf, desk, e4 } from "./move-out-desk.ts";
import { expectSound, STORY_MS } from "./story.ts";
import { until } from "./until.ts";
import { boss, world } from "./world.ts";

/** Random lots, readings, wallets and debts of one tenant after the other. */
const tenants = fc.record({
  lots: fc.array(fc.record({ units: fc.integer({ min: 1, max: 400 }), price: fc.integer({ min: 1, max: 20_000 }) }), {
    maxLength: 4,
  }),
  remainingPercent: fc.integer({ min: 0, max: 105 }),
  wallet: fc.integer({ min: 0, max: 900_000 }),
  debt: fc.integer({ min: 0, max: 3_000_000 }),
  collect: fc.boolean(),
});

describe.each(testDatabases)("the sum of a move-out on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on(
    "sums up for any lots, wallet and debts, tenant after tenant: what is paid is units × their prices + wallet − debts",
    async () => {
      const plan = townPlan({ seed: 1, concentrators: 1, metersPer: 13, waterPer: 0 });
      const w = await world({ database: name, plan, collector: false });
      const label = plan.meters.find((each) => each.profile === "jc97")?.label ?? ""; // cannot be cleared from here
      const none = { kind: "refund" as const, on: false, limit: "0", reason: "试", ip: "" };
      await setApprovalRule(w.ctx, boss, none);
      const cash = async () =>
        (await w.db.read.selectFrom("ledger_entry").select("amount_e4").where("account_id", "like", "cash:%").execute())
          .map((row) => row.amount_e4)
          .reduce((all, each) => all + each, 0);
      for (const tenant of fc.sample(tenants, { numRuns: 10, seed: 7 })) {
        const meter = await w.meterAt(label);
        const customer = await customerOf(w, meter.account_id ?? 0);
        const credit = { kind: "meter_credit", ref: meter.id } as const;
        const outside = { kind: "opening", ref: 1 } as const;
        const wallet = { kind: "wallet", ref: customer } as const;
        const debt = { kind: "debt", ref: customer } as const;
        const gift = async (from: LedgerAccount, to: LedgerAccount, amount: number) =>
          w.db.transact(async (tx) => {
            if (amount === 0) return;
            await openLedgerAccounts(tx, [from, to]);
            const id = `test:${newId(systemClock())}`;
            await bookTransfer(
              tx,
              postedTransfer({ id, kind: "opening", from, to, amount: money(amount), actor: "t" }),
              w.ctx.clock(),
            );
          });
        for (const { units, price } of tenant.lots) {
          const lot = { id: newId(systemClock()), meterId: meter.id, unitsWh: units * 1_000, costE4: units * price };
          await gift(outside, credit, lot.costE4);
          await w.db.transact((tx) => addLot(tx, { ...lot, orderNo: null, at: w.ctx.clock() }));
        }
        await gift(outside, wallet, tenant.wallet);
        await gift(debt, outside, tenant.debt);
        const lots = await openLots(w.db.read, meter.id);
        const held = heldWh(lots);
        const remainingWh = Math.floor((held * tenant.remainingPercent) / 1_000) * 10;
        const before = await balanceOf(w.db.read, wallet);
        await w.db.transact((tx) =>
          tx
            .updateTable("meter_state")
            .set({ remaining_wh: remainingWh, remaining_at: w.ctx.clock() })
            .where("meter_id", "=", meter.id)
            .execute(),
        );
        const ask = {
          meterIds: [meter.id],
          method: "cash" as const,
          afterwards: "leave" as const,
          reason: "试",
          ip: "",
        };
        const { moveOutNo } = await startMoveOut(w.ctx, boss, { ...ask, key: newId(systemClock()) });
        const last = { source: "last" as const, index: null, remaining: null, measuredAt: 1, reason: "试", ip: "" };
        await enterFinalReading(w.ctx, boss, { ...last, moveOutNo, meterId: meter.id });
        await advanceMoveOuts(w.ctx);
        const rev = async () => (await moveOutView(w.db.read, SCOPE_ALL, moveOutNo))?.rev ?? 0;
        expect(await confirmMoveOut(w.ctx, boss, { moveOutNo, rev: await rev(), ip: "" })).toBe("clearing");
        const seen = { moveOutNo, meterId: meter.id, reason: "现场已清零", ip: "" };
        await attestCleared(w.ctx, boss, { ...seen, remaining: (remainingWh / 1_000).toFixed(2) });
        expect(await refusal(attestCleared(w.ctx, boss, { ...seen, remaining: "1" }))).toBe("move_out_wrong_step");
        w.letPass(31 * 60_000); // nothing more is heard of the meter
        await advanceMoveOuts(w.ctx);
        const till = await cash();
        const collect = tenant.collect ? ("cash" as const) : null;
        expect(await finishMoveOut(w.ctx, boss, { moveOutNo, rev: await rev(), note: "", collect, ip: "" })).toBe(
          "done",
        );

        const total = takeBack(lots, remainingWh).value + before.posted - tenant.debt;
        const paid = Math.max(0, total - (total % 100));
        const taken = collect === null ? 0 : Math.ceil(Math.max(0, -total) / 100) * 100;
        expect((await cash()) - till).toBe(paid - taken);
        expect((await balanceOf(w.db.read, wallet)).posted).toBe(
          total > 0 ? total - paid : taken === 0 ? 0 : taken + total,
        );
        expect((await balanceOf(w.db.read, debt)).posted).toBe(collect === null ? Math.min(0, total) : 0);
        expect((await balanceOf(w.db.read, { kind: "refund_payable", ref: customer })).posted).toBe(0);
        expect((await balanceOf(w.db.read, credit)).posted).toBe(0);
        expect(await w.verify()).toMatchObject({ ok: true, sumE4: 0, problems: [] });
        const who = { meterIds: [meter.id], name: "下一位", phone: "", number: "", from: "2026-01-01", ip: "" };
        await moveIn(w.ctx, boss, { ...who, key: newId(systemClock()) });
      }
    },
  );

  on("a program that dies at any point of it loses nothing and does nothing twice", async () => {
    const d = await desk(name);
    const { w, electricity } = d;
    let armed: FaultPoint | null = null;
    onFaultPoints((point) => {
      if (point !== armed) return;
      armed = null;
      throw new Error(`died at ${point}`);
    });
    try {
      const dies = async (point: FaultPoint, doing: () => Promise<unknown>) => {
        armed = point;
        await until(`it dies at ${point}`, async () => {
          await w.settle();
          await doing().catch(() => undefined);
          return armed === null;
        });
      };
      const key = newId(systemClock());
      await dies("move-out:before-commit", () => d.begin({ key }));
      expect(await w.db.read.selectFrom("move_out").selectAll().execute()).toEqual([]);
      await dies("move-out:after-commit", () => d.begin({ key }));
      const { moveOutNo, created } = await d.begin({ key });
      expect(created).toBe(false);
      await dies("move-out:before-sheet", () => advanceMoveOuts(w.ctx));
      expect((await d.view(moveOutNo)).rev).toBe(0);
      await d.reached(moveOutNo, "calculated");
      await d.confirm(moveOutNo);
      await dies("move-out:before-clear", () => d.approve(moveOutNo));
      expect((await d.view(moveOutNo)).meters.every((meter) => meter.clear === null)).toBe(true);
      await d.approve(moveOutNo);
      await dies("move-out:before-books", () => advanceMoveOuts(w.ctx));
      expect((await d.view(moveOutNo)).state).toBe("clearing");
      await d.reached(moveOutNo, "paying");
      await dies("move-out:before-end", () => d.finish(moveOutNo));
      expect((await d.view(moveOutNo)).state).toBe("paying");
      expect((await w.meterAt(electricity.label)).account_id).not.toBe(null);
      const till = await d.posted("cash");
      await d.finished(moveOutNo);
      expect((await d.posted("cash")) - till).toBe(e4((await d.view(moveOutNo)).sheet?.payable ?? ""));
      expect(w.town.meter(electricity.address)?.topUps.length).toBe(1); // cleared once
      await expectSound(w);
    } finally {
      onFaultPoints(null);
    }
  });
});
