import { afterAll, describe, expect, test } from "vitest";
import type { AppError } from "#base/errors.ts";
import { MINUTE_MS } from "#base/time.ts";
import type { Actor } from "#domain/permission.ts";
import { testDatabases } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { recheckMember, withdrawMember } from "./end-group.ts";
import { keepMembersRunning } from "./keep-running.ts";
import { previewMerge } from "./merge-plan.ts";
import { requestRefund } from "./refund.ts";
import { type Building, boss } from "./test-building.ts";
import { refusal } from "./test-refusal.ts";
import { OPENED, type Rooms, rooms } from "./test-rooms.ts";
import { previewUnmerge, requestUnmerge } from "./unmerge.ts";

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`merged accounts on ${name}${why ? ` (${why})` : ""}`, () => {
    const open: Building[] = [];
    const house = async (): Promise<Rooms> => {
      const made = await rooms(name);
      open.push(made.b);
      return made;
    };
    afterAll(async () => {
      for (const b of open) await b.db.drop();
    });

    test("a merge brings all that each meter had into one balance, from which electricity and water are paid at their own prices", async () => {
      const r = await house();
      const before = await r.theirs();
      const preview = await previewMerge(r.b.ctx, boss, { mainMeterId: r.a, meterIds: [r.bb, r.w] });
      expect(preview).toMatchObject({ balanceAfter: "111.00", groupNo: null });
      expect(preview.joiners.map((each) => [each.brings, each.obstacle])).toEqual([
        ["60.00", null],
        ["16.00", null],
        ["35.00", null],
      ]);
      const { groupNo } = await r.merge(r.a, [r.bb, r.w]);
      // The main meter counts its credit itself: until it has agreed nothing has moved, and the others wait for it.
      expect((await r.member(r.a)).state).toBe("merging");
      expect((await r.member(r.w)).state_reason).toBe("waits_for_main");
      expect(await r.balance(groupNo)).toBe(0);
      for (const id of [r.a, r.bb, r.w]) expect(await refusal(r.pay(id, "10"))).toBe("group_in_flight");
      await r.hand.pump();
      await r.hand.pump();
      for (const id of [r.a, r.bb, r.w]) expect((await r.member(id)).state).toBe("merged");
      expect(await r.balance(groupNo)).toBe(1_110_000);
      expect(await r.theirs()).toBe(before);
      expect(r.hand.meter(r.a)).toMatchObject({ creditWh: 10_000_000, count: 1 });
      for (const id of [r.a, r.bb]) expect(await r.account("meter_credit", id)).toBe(0);

      r.hand.use(r.a, 10_000);
      r.hand.use(r.bb, 5_000);
      r.hand.use(r.w, 2_000);
      await r.round();
      // 10 × 0.75 + 5 × 0.80 + 2 × 3.50
      expect(await r.balance(groupNo)).toBe(1_110_000 - 75_000 - 40_000 - 70_000);
      await r.pay(r.a, "50");
      expect(await r.balance(groupNo)).toBe(925_000 + 500_000);
      expect(await refusal(r.pay(r.bb, "50"))).toBe("meter_is_sub");
      const reply = await r.pay(r.w, "50").catch((error: AppError) => error.details);
      expect(reply).toEqual({ main: "A座-1" });
      // What is taken back goes by the main meter, too.
      const back = (meterId: number, kind: "balance" | "units") =>
        refusal(
          requestRefund(r.b.ctx, boss, {
            key: newId(OPENED),
            meterId,
            kind,
            quantity: "1",
            orderNo: null,
            method: "cash",
            reason: "x",
            ip: "",
          }),
        );
      expect(await back(r.w, "balance")).toBe("meter_is_sub");
      expect(await back(r.bb, "units")).toBe("meter_is_sub");
      expect(await back(r.a, "units")).toBe("refund_not_in_meter");
      expect(await back(r.a, "balance")).toBe("nothing");
      await r.sound();
    });

    test("arrears trip every switch of the group but guarded ones, an offline one when it is back; a recharge closes those and only those", async () => {
      const r = await house();
      const { groupNo } = await r.merge(r.a, [r.bb, r.c, r.w]);
      await r.round();
      await r.b.db.transact((tx) => tx.updateTable("meter").set({ supply_guard: 1 }).where("id", "=", r.c).execute());
      r.hand.meter(r.bb).offline = true;
      for (let i = 0; i < 3; i++) {
        r.hand.use(r.a, 150_000);
        await r.round();
      }
      expect(await r.balance(groupNo)).toBeLessThan(0);
      expect([r.a, r.bb, r.c, r.w].map((id) => r.hand.meter(id).relayOpen)).toEqual([true, false, false, true]);
      expect(r.hand.meter(r.stranger).relayOpen).toBe(false);
      r.hand.meter(r.bb).offline = false;
      for (let i = 0; i < 4 && !r.hand.meter(r.bb).relayOpen; i++) await r.round(11 * MINUTE_MS);
      expect(r.hand.meter(r.bb).relayOpen).toBe(true);
      const evidence = await r.b.db.read.selectFrom("off_evidence").select("meter_id").execute();
      expect(new Set(evidence.map((row) => row.meter_id))).toEqual(new Set([r.a, r.bb, r.w]));
      // Not enough, then enough.
      await r.pay(r.a, "1");
      await r.hand.pump();
      expect(r.hand.meter(r.a).relayOpen).toBe(true);
      await r.pay(r.a, "500");
      await r.hand.pump();
      expect([r.a, r.bb, r.c, r.w].map((id) => r.hand.meter(id).relayOpen)).toEqual([false, false, false, false]);
      await r.sound();
    });

    test("an un-merge gives each its chosen share to the last digit, as units, as money and as change; a dissolved group holds nothing", async () => {
      const r = await house();
      const { groupNo } = await r.merge(r.a, [r.bb, r.c, r.w]);
      await r.round();
      await r.round();
      const before = await r.theirs();
      expect(await r.balance(groupNo)).toBe(600_000 + 160_000 + 400_000 + 350_000);
      for (const [amount, code] of [
        ["1e3", "group_share_invalid"],
        ["0.001", "group_share_invalid"],
        ["-1", "group_share_sign"],
        ["151.01", "group_share_too_much"],
      ] as const)
        expect(await refusal(r.unmerge(groupNo, [{ meterId: r.w, amount }])), amount).toBe(code);
      expect(await refusal(r.unmerge(groupNo, []))).toBe("group_members_invalid");
      expect(await refusal(r.unmerge(groupNo, [{ meterId: r.a, amount: "1" }]))).toBe("group_main_last");
      expect(await refusal(r.unmerge(groupNo, [{ meterId: r.stranger, amount: "1" }]))).toBe("meter_not_found");

      await r.unmerge(groupNo, [{ meterId: r.w, amount: "40.01" }], "unmerge-key-1");
      expect(await r.unmerge(groupNo, [{ meterId: r.w, amount: "40.01" }], "unmerge-key-1")).toMatchObject({
        created: false,
      });
      expect(await refusal(r.unmerge(groupNo, [{ meterId: r.w, amount: "40" }], "unmerge-key-1"))).toBe(
        "group_key_conflict",
      );
      expect((await r.member(r.w)).state).toBe("left");
      expect(await r.account("balance", (await r.member(r.w)).home_account_id)).toBe(400_100);
      const preview = await previewUnmerge(r.b.ctx, boss, {
        groupNo,
        shares: [
          { meterId: r.bb, amount: "30.50" },
          { meterId: r.c, amount: "0" },
        ],
      });
      expect(preview).toMatchObject({ dissolves: true, rest: "0.00", balance: "110.99" });
      expect(preview.lines.map((line) => [line.share, line.unitsWh, line.toWallet])).toEqual([
        ["30.50", 38_000, "0.10"],
        ["0.00", null, "0.00"],
        ["80.49", 107_000, "0.24"],
      ]);
      await r.unmerge(groupNo, [
        { meterId: r.bb, amount: "30.50" },
        { meterId: r.c, amount: "0" },
      ]);
      // The meter has not agreed yet: its money is reserved, and what it uses from now on is its own.
      expect((await r.member(r.bb)).state).toBe("unmerging");
      expect((await r.member(r.a)).state_reason).toBe("waits_for_members");
      r.hand.use(r.bb, 3_000);
      await r.round();
      await r.round();
      expect((await r.group(groupNo)).state).toBe("dissolved");
      expect(await r.balance(groupNo)).toBe(0);
      expect(r.hand.meter(r.bb).creditWh).toBe(35_000);
      expect(r.hand.meter(r.a).creditWh).toBe(107_000);
      await r.round();
      expect(await r.account("meter_credit", r.bb)).toBe(304_000 - 24_000);
      expect(await r.account("meter_credit", r.a)).toBe(802_500);
      expect(await r.account("wallet", (await r.group(groupNo)).customer_id)).toBe(1_000 + 2_400);
      expect(await r.theirs()).toBe(before - 24_000);
      // Single again: each is recharged by itself, with the next purchase number.
      await r.pay(r.bb, "8");
      await r.hand.pump();
      expect(r.hand.meter(r.bb)).toMatchObject({ creditWh: 45_000, count: 3 });
      await r.sound();
    });

    test("arrears are divided like credit: to an account as its balance, to a meter as its customer's debt", async () => {
      const r = await house();
      const { groupNo } = await r.merge(r.a, [r.bb, r.c]);
      await r.round();
      r.hand.use(r.c, 200_000);
      await r.round();
      const balance = await r.balance(groupNo);
      expect(balance).toBe(1_160_000 - 1_600_000);
      const before = await r.theirs();
      expect(await refusal(r.unmerge(groupNo, [{ meterId: r.c, amount: "1" }]))).toBe("group_share_sign");
      expect(await refusal(r.unmerge(groupNo, [{ meterId: r.c, amount: "-44.01" }]))).toBe("group_share_too_much");
      await r.unmerge(groupNo, [
        { meterId: r.bb, amount: "-10" },
        { meterId: r.c, amount: "-4" },
      ]);
      await r.round();
      await r.round();
      const { customer_id: customer, state } = await r.group(groupNo);
      expect(state).toBe("dissolved");
      expect(await r.account("balance", (await r.member(r.c)).home_account_id)).toBe(-40_000);
      expect(await r.account("debt", customer)).toBe(-400_000);
      expect(await r.balance(groupNo)).toBe(0);
      expect(await r.theirs()).toBe(before);
      expect(r.hand.meter(r.a).creditWh).toBe(0);
      await r.sound();
    });

    test("what must not be merged says why: strangers, public meters, open recharges, members of others, no scope", async () => {
      const r = await house();
      expect(await refusal(r.merge(r.a, []))).toBe("group_members_invalid");
      expect(await refusal(r.merge(r.a, [r.a]))).toBe("group_members_invalid");
      expect(await refusal(r.merge(r.a, [r.bb, r.bb]))).toBe("group_members_invalid");
      expect(await refusal(r.merge(r.a, [999_999]))).toBe("meter_not_found");
      expect(await refusal(r.merge(r.a, [r.stranger]))).toBe("meters_of_two_customers");
      expect(await refusal(r.merge(r.a, [r.publicMeter]))).toBe("meter_not_prepaid");
      const narrow: Actor = { ...boss, scope: { all: false, areaIds: [], meterIds: [r.a] } };
      expect(await refusal(r.merge(r.a, [r.bb], { actor: narrow }))).toBe("meter_not_found");
      r.hand.meter(r.bb).offline = true;
      await r.pay(r.bb, "10");
      expect(await refusal(r.merge(r.a, [r.bb]))).toBe("group_order_open");
      r.hand.meter(r.bb).offline = false;
      await r.round(MINUTE_MS);
      const { groupNo } = await r.merge(r.a, [r.bb], { key: "merge-key-1" });
      expect(await r.merge(r.a, [r.bb], { key: "merge-key-1" })).toEqual({ groupNo, created: false });
      expect(await refusal(r.merge(r.a, [r.c], { key: "merge-key-1" }))).toBe("group_key_conflict");
      await r.round();
      expect(await refusal(r.merge(r.c, [r.bb]))).toBe("group_member_already");
      expect(await refusal(r.merge(r.bb, [r.c]))).toBe("meter_is_sub");
      // More meters may come later, into the same group.
      expect(await r.merge(r.a, [r.c])).toMatchObject({ groupNo });
      const seesOther: Actor = { ...boss, scope: { all: false, areaIds: [], meterIds: [r.stranger] } };
      const outside = requestUnmerge(r.b.ctx, seesOther, {
        key: newId(OPENED),
        groupNo,
        shares: [],
        reason: "x",
        ip: "",
      });
      expect(await refusal(outside)).toBe("group_not_found");
      const half = requestUnmerge(r.b.ctx, narrow, {
        key: newId(OPENED),
        groupNo,
        shares: [{ meterId: r.c, amount: "1" }],
        reason: "x",
        ip: "",
      });
      expect(await refusal(half)).toBe("meter_not_found");
      await r.sound();
    });

    test("a meter that is offline, refuses, or contradicts the books leaves the money where it was", async () => {
      const r = await house();
      r.hand.meter(r.bb).offline = true;
      const { groupNo } = await r.merge(r.c, [r.bb, r.w]);
      expect((await r.member(r.c)).state).toBe("merged");
      expect((await r.member(r.w)).state).toBe("merged");
      await r.hand.pump();
      expect((await r.member(r.bb)).state).toBe("merging");
      expect(await r.account("meter_credit", r.bb)).toBe(160_000);
      expect(await refusal(r.unmerge(groupNo, [{ meterId: r.w, amount: "0" }]))).toBe("group_in_flight");
      const asked = { groupNo, meterId: r.bb, reason: "x", ip: "" };
      await withdrawMember(r.b.ctx, boss, asked);
      expect((await r.member(r.bb)).state).toBe("withdrawn");
      expect(await refusal(withdrawMember(r.b.ctx, boss, asked))).toBe("group_not_found");
      r.hand.meter(r.bb).offline = false;
      r.hand.meter(r.bb).refuses = true;
      await r.merge(r.c, [r.bb]);
      await r.round(MINUTE_MS);
      expect(await r.member(r.bb)).toMatchObject({ state: "withdrawn", state_reason: "customer-mismatch" });
      expect(r.hand.meter(r.bb)).toMatchObject({ creditWh: 20_000, count: 0 });
      // Somebody has been at the meter: its count says more than ours.
      r.hand.meter(r.bb).count = 3;
      await r.merge(r.c, [r.bb]);
      await r.hand.pump();
      expect(await r.member(r.bb)).toMatchObject({ state: "merging", state_reason: "count_mismatch" });
      r.hand.meter(r.bb).count = 0;
      await recheckMember(r.b.ctx, boss, asked);
      await r.round(MINUTE_MS);
      expect((await r.member(r.bb)).state).toBe("merged");
      expect(await refusal(recheckMember(r.b.ctx, boss, asked))).toBe("group_not_stopped");
      expect(await refusal(withdrawMember(r.b.ctx, boss, asked))).toBe("group_not_withdrawable");
      await r.sound();
    });

    test("a meter that runs low on what it runs through is filled up before it would trip by itself", async () => {
      const r = await house();
      const { groupNo } = await r.merge(r.a, [r.c]);
      await r.round();
      await r.pay(r.a, "50000");
      r.hand.use(r.a, 8_500_000);
      await r.round(MINUTE_MS);
      expect(await keepMembersRunning(r.b.ctx)).toBe(1);
      expect(await keepMembersRunning(r.b.ctx)).toBe(0);
      expect(await refusal(r.unmerge(groupNo, [{ meterId: r.c, amount: "0" }]))).toBe("group_in_flight");
      await r.hand.pump();
      expect(r.hand.meter(r.a).creditWh).toBe(10_000_000);
      expect(await r.balance(groupNo)).toBe(600_000 + 400_000 + 500_000_000 - 63_750_000);
      await r.sound();
    });
  });
}
