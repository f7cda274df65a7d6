import { describe, expect, test } from "vitest";
import { money } from "#base/units.ts";
import { postedTransfer } from "#domain/ledger.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import { decideApproval } from "#flows/decide-approval.ts";
import { payOut, recheckRefund, withdrawRefund } from "#flows/end-refund.ts";
import { requestWriteOff } from "#flows/refund.ts";
import { refusal } from "#flows/test-refusal.ts";
import { balanceOf, bookTransfer } from "#store/ledger.ts";
import { refundView } from "#store/refunds.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { refundDesk } from "./refund-desk.ts";
import { expectSound, finance, STORY_MS } from "./story.ts";
import { until } from "./until.ts";
import { boss } from "./world.ts";

/** So often a clear is looked at over a line that loses every third answer. */
const LOOKS = 3;

describe.each(testDatabases)("a clear on $name", ({ name, available }) => {
  const on = (what: string, story: () => Promise<void>) => test.skipIf(!available)(what, story, STORY_MS);

  on("wipes what is left after a second person agreed, and its value is written off", async () => {
    const { w, meter, clear, view, reached, approve, bought, account } = await refundDesk(name);
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
    const { w, meter, clear, reached, approve, bought } = await refundDesk(name);
    await bought("100");
    w.town.setFaults({ meters: { [meter.address]: { loseAnswer: 0.3, loseRequest: 0.1 } } });
    const { refundNo } = await clear();
    await approve(refundNo);
    // Each look waits twice as long as the one before, so the line is mended after some of them.
    await until("it was looked at again and again, or is done", async () => {
      const orders = w.db.read.selectFrom("command").select(["attempts", "state"]).where("kind", "=", "clear");
      const { attempts, state } = await orders.executeTakeFirstOrThrow();
      return attempts >= LOOKS || state === "confirmed";
    });
    w.town.setFaults({ meters: {} });
    const done = await reached(refundNo, "done", STORY_MS / 2);
    expect(done.takenWh).toBeGreaterThan(132_000);
    expect(w.town.meter(meter.address)?.topUps).toHaveLength(2);
    await expectSound(w);
  });

  on("of a meter whose count contradicts the books stops, and goes on after it was looked at", async () => {
    const { w, meter, clear, reached, approve, bought } = await refundDesk(name);
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
    const { w, meter } = await refundDesk(name, { collector: false });
    const { customer_id: customerId } = await w.db.read
      .selectFrom("account")
      .select("customer_id")
      .where("id", "=", meter.account_id ?? 0)
      .executeTakeFirstOrThrow();
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
