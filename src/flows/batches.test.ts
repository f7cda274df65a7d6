import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "#base/time.ts";
import { OFF_LIMITS } from "#domain/off-guard.ts";
import type { Actor } from "#domain/permission.ts";
import { batchView } from "#store/switch-batch-pages.ts";
import { testDatabases } from "#store/test-databases.ts";
import { actorOf } from "#store/users.ts";
import { enrol } from "../server/test-town.ts";
import { approvalEffects } from "./approval-effects.ts";
import { cancelBatch } from "./cancel-batch.ts";
import { decideApproval, expireApprovals, setApprovalRule, withdrawApproval } from "./decide-approval.ts";
import { previewBatch } from "./preview-batch.ts";
import { recharge } from "./recharge.ts";
import { BATCH_APPROVAL_MS, requestBatch } from "./request-batch.ts";
import { requestCommand } from "./request-command.ts";
import { stopTrips } from "./stop-trips.ts";
import { setSupplyGuard } from "./supply-care.ts";
import { batchHouse } from "./test-batch-house.ts";
import { refusal } from "./test-refusal.ts";

describe.each(testDatabases)("batches on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let house: Awaited<ReturnType<typeof batchHouse>>;
  let wang: Actor;
  let li: Actor;
  let zhao: Actor;
  beforeAll(async () => {
    if (!available) return;
    house = await batchHouse(name);
    ({ wang, li, zhao } = house);
  });
  afterAll(() => house?.db.drop());
  beforeEach(() => house?.newDay());
  const now = () => house.now();
  const pass = (ms: number) => house.pass(ms);
  const ids = (...places: number[]) => house.ids(...places);
  const ask: typeof house.ask = (...asked) => house.ask(...asked);
  const seen: typeof house.seen = (...asked) => house.seen(...asked);
  const approve: typeof house.approve = (...asked) => house.approve(...asked);
  const run = (limit?: number) => house.run(limit);
  const set: typeof house.set = (...asked) => house.set(...asked);
  const steps = (id: string) => house.steps(id);

  on(
    "a trip of many waits for another person, who must name the list he saw; then every meter is asked once",
    async () => {
      const id = await ask();
      expect(await seen(id)).toMatchObject({ state: "requested", steps: { waiting: 3 }, mine: true, whole: true });
      expect(await run()).toEqual({ asked: 0, more: false });
      expect(await refusal(approve(id, wang))).toBe("approval_same_person");
      const { approval } = await seen(id);
      const blind = { id: approval?.id ?? "", verdict: "approve", version: 0, reason: "", ip: "" } as const;
      expect(await refusal(decideApproval(house.ctx, approvalEffects, li, blind))).toBe("batch_list_unseen");
      expect(await refusal(approve(id, li, { seen: "0".repeat(64) }))).toBe("approval_changed");
      await approve(id);
      await approve(id); // a second click
      expect(await seen(id)).toMatchObject({ state: "running", approvedBy: li.login });
      await run();
      await run();
      const commands = await house.commandsOf(id);
      expect(commands.map((each) => [each.meter_id, each.kind, each.cause, each.requested_by, each.reason])).toEqual(
        ids(0, 1, 2).map((meterId) => [meterId, "trip", "operator", wang.login, "台风来袭"]),
      );
      for (const meterId of ids(0, 1, 2)) await set(meterId, { sent_at: now(), state: "confirmed" });
      await run();
      expect(await seen(id)).toMatchObject({ state: "done", steps: { confirmed: 3 } });
      const audit = await house.db.read
        .selectFrom("audit")
        .select("action")
        .where("object", "=", `switch_batch:${id}`)
        .execute();
      expect(audit.map(({ action }) => action).sort()).toEqual([
        "approval.approve",
        "approval.request",
        "switch_batch.request",
      ]);
    },
  );

  on("a list that is not the one that was kept is not approved, by whomever it was changed", async () => {
    const id = await ask();
    const { list } = await seen(id);
    const known = JSON.stringify({ ...JSON.parse((await rowOf(id)).known), customer: "别人" });
    await house.db.transact((tx) =>
      tx.updateTable("switch_batch_meter").set({ known }).where("batch_id", "=", id).execute(),
    );
    expect(await refusal(approve(id, li, { seen: list }))).toBe("approval_changed");
    expect((await seen(id)).state).toBe("requested");
  });
  const rowOf = (id: string) =>
    house.db.read
      .selectFrom("switch_batch_meter")
      .selectAll()
      .where("batch_id", "=", id)
      .orderBy("position")
      .executeTakeFirstOrThrow();

  on("guarded meters are told and left out; the number must be that of the others", async () => {
    const [guarded = 0, bare = 0] = ids(1, 2);
    await setSupplyGuard(house.ctx, wang, { meterId: guarded, on: true, reason: "诊所", ip: "" });
    await house.db.transact((tx) =>
      tx.updateTable("meter").set({ switch_kind: "none" }).where("id", "=", bare).execute(),
    );
    const looked = await previewBatch(house.ctx, wang, { kind: "trip", meterIds: ids(0, 1, 2), names: [] });
    expect(looked).toMatchObject({ meters: 1, secondPerson: true });
    expect(looked.items.map(({ why }) => why)).toEqual([null, "guarded", "no_switch"]);
    for (const typed of [0, 2, 3]) expect(await refusal(ask({ typed }))).toBe("batch_count_wrong");
    expect(await refusal(ask({ meterIds: [guarded, bare], typed: 0 }))).toBe("batch_empty");
    expect(await refusal(ask({ reason: "" }))).toBe("reason_required");
    const id = await ask({ typed: 1 });
    expect(await steps(id)).toEqual({ waiting: 1, left_out: 2 });
    await approve(id);
    await run();
    expect((await house.commandsOf(id)).map(({ meter_id }) => meter_id)).toEqual(ids(0));
  });

  on(
    "a meter that is off for safety is never closed with others; closing needs nobody else unless the house says so",
    async () => {
      await house.db.transact((tx) =>
        tx
          .updateTable("meter_state")
          .set({ relay: "open", off_cause: "safety" })
          .where("meter_id", "=", ids(0)[0] ?? 0)
          .execute(),
      );
      const id = await ask({ kind: "close", reason: "", typed: 2 });
      expect(await seen(id)).toMatchObject({ state: "running", approval: null });
      await house.db.transact((tx) =>
        tx
          .updateTable("meter_state")
          .set({ relay: "open", off_cause: "safety" })
          .where("meter_id", "=", ids(1)[0] ?? 0)
          .execute(),
      );
      await run();
      expect((await seen(id)).items.map(({ step, why }) => [step, why])).toEqual([
        ["left_out", "safety"],
        ["left_out", "safety"],
        ["queued", null],
      ]);
      await setApprovalRule(house.ctx, zhao, { kind: "close_batch", on: true, limit: "0", reason: "谨慎", ip: "" });
      const asked = await ask({ kind: "close", reason: "", meterIds: ids(5), typed: 1 });
      expect((await seen(asked)).state).toBe("requested");
      const off = { on: false, limit: "0", reason: "一人值守", ip: "" };
      await setApprovalRule(house.ctx, zhao, { kind: "close_batch", ...off });
      expect(await refusal(setApprovalRule(house.ctx, zhao, { kind: "trip_batch", ...off }))).toBe("invalid_input");
    },
  );

  on("everything is looked at again when its turn comes: what speaks against a trip is told", async () => {
    const [guarded = 0, paid = 0, moved = 0, left = 0, switched = 0, rest = 0] = ids(0, 1, 2, 3, 4, 5);
    const outside = await enrol(house.db, { areas: [(await areaOf(guarded)) ?? 0] });
    const manager = (await actorOf(house.db.read, outside.id)) ?? wang;
    const id = await ask({ meterIds: [guarded, paid, moved, left, switched, rest] }, manager);
    await approve(id);
    pass(MINUTE_MS);
    await setSupplyGuard(house.ctx, wang, { meterId: guarded, on: true, reason: "诊所", ip: "" });
    await payFor(paid);
    const elsewhere = (await areaOf(house.meters[25] ?? 0)) ?? 0;
    await house.db.transact(async (tx) => {
      await tx.updateTable("meter").set({ area_id: elsewhere }).where("id", "=", moved).execute();
      await tx.updateTable("meter").set({ account_id: null }).where("id", "=", left).execute();
    });
    await requestCommand(house.ctx, wang, {
      meterId: switched,
      key: "single-close",
      kind: "close",
      reason: "",
      ip: "",
    });
    await run();
    const { items } = await seen(id);
    expect(items.map(({ step, why }) => why ?? step)).toEqual([
      "guarded",
      "paid",
      "out_of_scope",
      "customer_changed",
      "switched",
      "queued",
    ]);
    const home = (await areaOf(rest)) ?? 0;
    await house.db.transact(async (tx) => {
      await tx.updateTable("meter").set({ area_id: home }).where("id", "=", moved).execute();
    });
  });

  on("who asked must still be allowed to, and a batch that waits too long sends no more", async () => {
    const user = await enrol(house.db, {});
    const leaver = (await actorOf(house.db.read, user.id)) ?? wang;
    const id = await ask({ meterIds: ids(0, 1) }, leaver);
    await approve(id);
    await house.db.transact((tx) => tx.updateTable("user").set({ disabled: 1 }).where("id", "=", user.id).execute());
    await run();
    expect((await seen(id)).items.map(({ why }) => why)).toEqual(["not_permitted", "not_permitted"]);
    const slow = await ask({ meterIds: ids(2) });
    await approve(slow);
    pass(5 * HOUR_MS);
    await run();
    await run();
    expect(await seen(slow)).toMatchObject({ state: "done", steps: { left_out: 1 } });
  });

  on("of two who approve at the same moment one does, and of two servers each meter is asked once", async () => {
    const meterIds = ids(...Array.from({ length: 16 }, (_, i) => i));
    const id = await ask({ meterIds });
    const answers = await Promise.all([li, zhao].map((by) => refusal(approve(id, by))));
    expect(answers.toSorted()).toEqual(["approval_not_open", "nothing"]);
    await Promise.all([run(), run(5), run(), run(3)]);
    await run();
    const made = await house.db.read
      .selectFrom("command")
      .select("meter_id")
      .where("idem_key", "like", `batch:${id}:%`)
      .execute();
    expect(made.map(({ meter_id }) => meter_id).toSorted((a, b) => a - b)).toEqual(meterIds);
    expect(await steps(id)).toEqual({ queued: 16 });
  });

  on("the same key is the same batch; with other content it is refused", async () => {
    const asked = house.asking();
    const answers = await Promise.all(Array.from({ length: 4 }, () => requestBatch(house.ctx, wang, asked)));
    expect(new Set(answers.map(({ batchId }) => batchId)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(await refusal(requestBatch(house.ctx, wang, { ...asked, reason: "别的" }))).toBe("command_key_conflict");
    const other = await requestBatch(house.ctx, li, asked); // another person's key is his own
    expect(other.created).toBe(true);
  });

  on(
    "half way through it is stopped: what was sent stays, the rest is never sent, and a server that comes back goes on with nothing",
    async () => {
      const id = await ask({ meterIds: ids(0, 1, 2, 3, 4) });
      await approve(id);
      await run(3); // and the server dies
      const [first = 0] = ids(0);
      await set(first, { sent_at: now(), state: "sent" });
      await cancelBatch(house.ctx, zhao, { batchId: id, reason: "弄错了", ip: "" });
      await cancelBatch(house.ctx, zhao, { batchId: id, reason: "弄错了", ip: "" });
      await run();
      expect(await steps(id)).toEqual({ sent: 1, cancelled: 4 });
      expect(await seen(id)).toMatchObject({ state: "cancelled", cancelledBy: zhao.login });
      const commands = await house.commandsOf(id);
      expect(commands.map(({ state }) => state).sort()).toEqual(["cancelled", "cancelled", "sent"]);
      const audit = await house.db.read
        .selectFrom("audit")
        .select("after")
        .where("action", "=", "switch_batch.cancel")
        .where("object", "=", `switch_batch:${id}`)
        .execute();
      expect(audit.map(({ after }) => JSON.parse(after ?? ""))).toEqual([{ stopped: 4, sent: 1 }]);
    },
  );

  on("stopping and sending at the same time leave no meter in between", async () => {
    const id = await ask({ meterIds: ids(0, 1, 2, 3, 4, 5, 6, 7) });
    await approve(id);
    await Promise.all([run(), run(), cancelBatch(house.ctx, wang, { batchId: id, reason: "", ip: "" })]);
    await run();
    expect(await steps(id)).toEqual({ cancelled: 8 });
    const open = await house.db.read
      .selectFrom("command")
      .select("id")
      .where("idem_key", "like", `batch:${id}:%`)
      .where("state", "=", "waiting")
      .execute();
    expect(open).toEqual([]);
  });

  on("a server that comes back in the middle goes on where the other was", async () => {
    const id = await ask({ meterIds: ids(0, 1, 2, 3) });
    await approve(id);
    expect(await run(2)).toEqual({ asked: 2, more: true });
    expect(await steps(id)).toEqual({ queued: 2, waiting: 2 });
    expect(await run()).toEqual({ asked: 2, more: false });
    expect(await steps(id)).toEqual({ queued: 4 });
  });

  on("it goes no faster than the guard over trips lets it, and waits while all trips are stopped", async () => {
    const meterIds = ids(...Array.from({ length: 23 }, (_, i) => i));
    const id = await ask({ meterIds });
    await approve(id);
    await stopTrips(house.ctx, li, { projectId: 1, reason: "先等等", ip: "" });
    await run();
    expect(await seen(id)).toMatchObject({ hold: "off_stopped", steps: { waiting: 23 } });
    await house.db.transact((tx) => tx.deleteFrom("setting").where("key", "like", "off_%").execute());
    await run();
    expect(await seen(id)).toMatchObject({
      hold: "off_window",
      steps: { queued: OFF_LIMITS.perWindow, waiting: 23 - OFF_LIMITS.perWindow },
    });
    await house.db.transact((tx) =>
      tx.updateTable("command").set({ sent_at: now(), state: "confirmed" }).where("state", "=", "waiting").execute(),
    );
    await run();
    pass(11 * MINUTE_MS);
    await run();
    expect(await seen(id)).toMatchObject({ hold: "off_day", steps: { confirmed: OFF_LIMITS.perWindow } });
    pass(5 * HOUR_MS);
    await run();
    await run();
    expect(await seen(id)).toMatchObject({ state: "done", steps: { left_out: 3, confirmed: 20 } });
  });

  on("what failed is tried again alone, in a batch of its own that is agreed to again", async () => {
    const [bad = 0, good = 0] = ids(0, 1);
    const id = await ask({ meterIds: [bad, good] });
    await approve(id);
    await run();
    await set(bad, { state: "refused", sent_at: now() });
    await set(good, { state: "confirmed", sent_at: now() });
    await run();
    expect(await steps(id)).toEqual({ failed: 1, confirmed: 1 });
    pass(MINUTE_MS);
    expect(await refusal(ask({ meterIds: [bad, good], againOf: id }))).toBe("batch_not_failed");
    expect(await refusal(ask({ meterIds: [bad], againOf: "00000000000000000000" }))).toBe("batch_not_failed");
    expect(await refusal(ask({ meterIds: [bad], againOf: id, kind: "close" }))).toBe("batch_not_failed");
    const again = await ask({ meterIds: [bad], againOf: id });
    expect(await seen(again)).toMatchObject({ againOf: id, state: "requested" });
  });

  on("a meter that says nothing for long no longer holds its batch open, and may be tried again", async () => {
    const [dead = 0] = ids(0);
    const id = await ask({ meterIds: [dead] });
    await approve(id);
    await run();
    await set(dead, { state: "sent", sent_at: now() });
    expect(await steps(id)).toEqual({ sent: 1 });
    expect(await refusal(ask({ meterIds: [dead], againOf: id }))).toBe("batch_not_failed");
    pass(11 * MINUTE_MS);
    await run();
    expect(await seen(id)).toMatchObject({ state: "done", steps: { unanswered: 1 } });
    const again = await ask({ meterIds: [dead], againOf: id });
    await approve(again);
    await run();
    expect(await steps(id)).toEqual({ failed: 1 }); // another has taken its place
    expect(await steps(again)).toEqual({ queued: 1 });
  });

  on("what nobody agrees to is put away: rejected, withdrawn, or too old", async () => {
    const rejected = await ask();
    await approve(rejected, li, { verdict: "reject" });
    expect(await seen(rejected)).toMatchObject({ state: "rejected", steps: { cancelled: 3 } });
    const withdrawn = await ask();
    expect(await refusal(cancelBatch(house.ctx, li, { batchId: withdrawn, reason: "", ip: "" }))).toBe("batch_awaits");
    await cancelBatch(house.ctx, wang, { batchId: withdrawn, reason: "", ip: "" });
    await cancelBatch(house.ctx, wang, { batchId: withdrawn, reason: "", ip: "" });
    expect((await seen(withdrawn)).state).toBe("withdrawn");
    const elsewhere = await ask();
    const { approval } = await seen(elsewhere);
    await withdrawApproval(house.ctx, approvalEffects, wang, { id: approval?.id ?? "", reason: "", ip: "" });
    expect((await seen(elsewhere)).state).toBe("withdrawn");
    const old = await ask();
    pass(BATCH_APPROVAL_MS + 1);
    expect(await refusal(approve(old))).toBe("approval_expired");
    await expireApprovals(house.ctx, approvalEffects);
    expect((await seen(old)).state).toBe("expired");
    expect(await run()).toEqual({ asked: 0, more: false });
    expect(await refusal(cancelBatch(house.ctx, wang, { batchId: old, reason: "", ip: "" }))).toBe("batch_not_open");
  });

  on("nobody acts on, or learns of, meters outside his area", async () => {
    const [mine = 0, theirs = 0] = ids(0, 25);
    const user = await enrol(house.db, { areas: [(await areaOf(mine)) ?? 0] });
    const manager = (await actorOf(house.db.read, user.id)) ?? wang;
    for (const foreign of [theirs, 987_654])
      expect(await refusal(ask({ meterIds: [mine, foreign] }, manager))).toBe("meter_not_found");
    const looked = await previewBatch(house.ctx, manager, {
      kind: "trip",
      meterIds: [mine, theirs, 987_654],
      names: [await numberOf(mine), await numberOf(theirs), "999999999999"],
    });
    expect(looked).toMatchObject({ missing: 2, unknown: [await numberOf(theirs), "999999999999"], meters: 1 });
    const both = await ask({ meterIds: [mine, theirs] });
    const half = await seen(both, manager);
    expect(half).toMatchObject({ whole: false, approval: null, mayCancel: false, steps: { waiting: 1 } });
    expect(half.items.map(({ meterId }) => meterId)).toEqual([mine]);
    expect(await refusal(approve(both, manager))).toBe("approval_not_found");
    expect(await refusal(cancelBatch(house.ctx, manager, { batchId: both, reason: "", ip: "" }))).toBe(
      "batch_out_of_scope",
    );
    const foreign = await ask({ meterIds: [theirs] });
    expect(await batchView(house.db.read, manager, foreign, now())).toBeNull();
    for (const batchId of [foreign, "00000000000000000000"])
      expect(await refusal(cancelBatch(house.ctx, manager, { batchId, reason: "", ip: "" }))).toBe("batch_not_found");
    const own = await ask({ meterIds: [mine] });
    await approve(own, manager);
    expect((await seen(own)).state).toBe("running");
  });

  const areaOf = async (meterId: number) =>
    (await house.db.read.selectFrom("meter").select("area_id").where("id", "=", meterId).executeTakeFirst())?.area_id;
  const numberOf = async (meterId: number) =>
    (await house.db.read.selectFrom("meter").select("number").where("id", "=", meterId).executeTakeFirstOrThrow())
      .number;
  async function payFor(meterId: number): Promise<void> {
    const paid = { meterId, amount: "10", channel: "cash", note: "", ip: "" } as const;
    await recharge(house.ctx, wang, { key: `pay-for-${meterId}`, ...paid });
  }
});
