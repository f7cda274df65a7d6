import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "#base/time.ts";
import { money } from "#base/units.ts";
import type { Actor } from "#domain/permission.ts";
import { testDatabases } from "#store/test-databases.ts";
import { beginQuarantine } from "./begin-quarantine.ts";
import { takeExternalPayment } from "./external-payment.ts";
import { recharge } from "./recharge.ts";
import { batchHouse } from "./test-batch-house.ts";
import { handMeters } from "./test-hand-meter.ts";
import { refusal } from "./test-refusal.ts";

describe.each(testDatabases)("what happens while a batch is under way, on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let house: Awaited<ReturnType<typeof batchHouse>>;
  let hand: Awaited<ReturnType<typeof handMeters>>;
  let wang: Actor;
  beforeAll(async () => {
    if (!available) return;
    house = await batchHouse(name);
    hand = await handMeters(house);
    ({ wang } = house);
  });
  afterAll(() => house?.db.drop());
  beforeEach(() => house?.newDay());
  const stepsOf = async (id: string) =>
    (await house.seen(id)).items.map(({ step, stateReason, why }) => stateReason || (why ?? step));
  const paidToWallet = async (meterId: number) => {
    const mode = (to: "prepaid" | "postpaid") =>
      house.db.transact((tx) => tx.updateTable("meter").set({ mode: to }).where("id", "=", meterId).execute());
    await mode("postpaid");
    const externalId = `wx-${meterId}-${house.now()}`;
    const paid = { channel: "wechat", externalId, projectId: 1, meterId, amount: money(100_000), note: "" } as const;
    await takeExternalPayment(house.ctx, wang, paid);
    await mode("prepaid");
  };

  on("a trip that waits for its meter is not sent to who has paid meanwhile, nor to somebody else", async () => {
    const [paid = 0, kept = 0, moved = 0, owing = 0] = house.ids(0, 1, 2, 3);
    const id = await house.ask({ meterIds: [paid, kept, moved, owing] });
    await house.approve(id);
    await house.run();
    expect(await stepsOf(id)).toEqual(["queued", "queued", "queued", "queued"]);
    house.pass(MINUTE_MS);
    const desk = { amount: "10", channel: "cash", note: "", ip: "" } as const;
    await recharge(house.ctx, wang, { key: "paid-meanwhile", meterId: paid, ...desk });
    await paidToWallet(kept);
    const { account_id: home } = await house.db.read
      .selectFrom("meter")
      .select("account_id")
      .where("id", "=", moved)
      .executeTakeFirstOrThrow();
    const setAccount = (account_id: number | null) =>
      house.db.transact((tx) => tx.updateTable("meter").set({ account_id }).where("id", "=", moved).execute());
    await setAccount(null);
    await hand.pump();
    await setAccount(home);
    expect(await stepsOf(id)).toEqual(["paid", "paid", "customer_changed", "confirmed"]);
    expect([paid, kept, moved, owing].map((each) => hand.meter(each).relayOpen)).toEqual([false, false, false, true]);
    expect(await house.steps(id)).toEqual({ failed: 3, confirmed: 1 });
  });

  on("money that could not be sold counts as paid: it is his all the same", async () => {
    const [kept = 0, owing = 0] = house.ids(5, 6);
    const id = await house.ask({ meterIds: [kept, owing] });
    await house.approve(id);
    house.pass(MINUTE_MS);
    await paidToWallet(kept);
    await house.run();
    expect(await stepsOf(id)).toEqual(["paid", "queued"]);
  });

  on(
    "a batch of a clock that ran ahead sends nothing once that was put back: payments since look older than it",
    async () => {
      const [paid = 0] = house.ids(7);
      house.pass(HOUR_MS);
      const id = await house.ask({ meterIds: [paid] });
      await house.approve(id);
      house.pass(-HOUR_MS);
      const desk = { amount: "10", channel: "cash", note: "", ip: "" } as const;
      await recharge(house.ctx, wang, { key: "paid-after-step", meterId: paid, ...desk });
      await house.run();
      expect(await stepsOf(id)).toEqual(["too_late"]);
      await house.run();
      expect((await house.seen(id)).state).toBe("done");
    },
  );

  on("a restore ends what was agreed to before: nobody knows who has paid since the backup", async () => {
    const running = await house.ask({ meterIds: house.ids(8, 9) });
    await house.approve(running);
    await house.run(1);
    const asked = await house.ask({ meterIds: house.ids(10) });
    const closing = await house.ask({ kind: "close", reason: "", meterIds: house.ids(11) });
    await beginQuarantine(house.ctx, { file: "jichao.tar.gz", snapshotAt: house.now(), by: "host" });
    await house.run();
    expect(await refusal(house.approve(asked))).toBe("approval_changed");
    for (const id of [running, asked, closing])
      expect(await house.seen(id)).toMatchObject({ state: "cancelled", cancelledBy: "host", hold: null });
    expect(await house.steps(running)).toEqual({ failed: 1, cancelled: 1 });
    expect(await house.steps(closing)).toEqual({ cancelled: 1 });
    const audit = await house.db.read.selectFrom("audit").select("after").where("action", "=", "restore").execute();
    expect(JSON.parse(audit[0]?.after ?? "")).toMatchObject({ tripsCancelled: 1, batchesCancelled: 3 });
  });
});
