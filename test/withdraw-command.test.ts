import { describe, expect, test } from "vitest";
import { type Instant, later, MINUTE_MS } from "#base/time.ts";
import { type Actor, type Permission, permissions, SCOPE_NONE } from "#domain/permission.ts";
import { claimCommands, returnCommand } from "#flows/claim-commands.ts";
import type { FlowContext } from "#flows/context.ts";
import { setLoadGuard } from "#flows/load-guard.ts";
import { claimConcentrator } from "#flows/own-concentrators.ts";
import { markSent, settleCommand } from "#flows/settle-command.ts";
import { askSwitchTest } from "#flows/trial-step.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import { waitingView } from "#flows/waiting-view.ts";
import { withdrawCommand } from "#flows/withdraw-command.ts";
import { loadGuardOf, wantedOf } from "#store/load-guard.ts";
import type { TrialMeterTable } from "#store/schema-trials.ts";
import { testDatabases } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { refusal } from "../src/flows/test-refusal.ts";
import { until } from "./until.ts";
import { boss, world } from "./world.ts";

type Name = Parameters<typeof world>[0]["database"];

/** A world in which the test plays the collector and owns the clock. */
async function bench(database: Name, metersPer = 12) {
  const w = await world({ database, collector: false, metersPer });
  let skewMs = 0;
  const ctx: FlowContext = { ...w.ctx, clock: () => later(w.ctx.clock(), skewMs) };
  const owned = await claimConcentrator(ctx, { code: "JC000001", kind: "jichao", collector: "a" });
  if (!owned) throw new Error("no concentrator");
  const claim = () => claimCommands(ctx, { collector: "a", concentrators: [owned], limit: 100 });
  const withdraw = (commandId: string, change: Partial<{ as: Actor; reason: string; staysOff: boolean }> = {}) =>
    withdrawCommand(ctx, change.as ?? boss, {
      ...{ commandId, reason: change.reason ?? "点错了", staysOff: change.staysOff ?? false, ip: "" },
    });
  const set = (meterId: number, relay: "open" | "closed", more: object = {}) =>
    w.db.transact((tx) =>
      tx
        .updateTable("meter_state")
        .set({ relay, relay_at: ctx.clock(), ...more })
        .where("meter_id", "=", meterId)
        .execute(),
    );
  const waiting = async (meterId: number) => {
    const seen = await waitingView(ctx, boss.scope, meterId);
    if (seen === null) throw new Error("no meter");
    return seen;
  };
  const pass = (ms: number) => {
    skewMs += ms;
  };
  return { w, ctx, claim, withdraw, set, waiting, pass };
}

const without = (...taken: Permission[]): Actor => ({
  ...boss,
  permissions: new Set(permissions.filter((each) => !taken.includes(each))),
});
const foreign: Actor = { ...boss, scope: SCOPE_NONE };

describe.each(testDatabases)("a command that waits, on $name", ({ name, available }) => {
  const on = test.skipIf(!available);

  on(
    "is withdrawn with a reason, told in the meter's history and the audit, and never sent; once more changes nothing",
    async () => {
      const { w, claim, withdraw, set, waiting } = await bench(name);
      const meter = await w.meterAt("A座-0102");
      await set(meter.id, "closed");
      for (const kind of ["trip", "close", "read"] as const) {
        const id = await w.command(meter.id, kind);
        expect((await waiting(meter.id)).items).toMatchObject([
          { id, kind, withdrawal: "may", by: "boss", reason: "test" },
        ]);
        expect(await refusal(withdraw(id, { reason: "" }))).toBe("reason_required");
        await withdraw(id);
        await withdraw(id);
        expect(await w.commandNow(id)).toMatchObject({ state: "cancelled", stateReason: "taken_back", sentAt: null });
        expect((await waiting(meter.id)).items).toEqual([]);
      }
      expect(await claim()).toEqual([]);
      const events = await w.db.read
        .selectFrom("meter_event")
        .select(["kind", "severity", "detail"])
        .where("meter_id", "=", meter.id)
        .where("kind", "in", ["command_withdrawn", "close_withdrawn"])
        .execute();
      expect(events.map(({ kind, severity }) => [kind, severity])).toEqual(
        Array(3).fill(["command_withdrawn", "info"]),
      );
      expect(JSON.parse(events[0]?.detail ?? "")).toMatchObject({ asked: "trip", by: boss.name, reason: "点错了" });
      const audit = await w.db.read
        .selectFrom("audit")
        .select("object")
        .where("action", "=", "command.withdraw")
        .execute();
      expect(audit).toEqual(Array(3).fill({ object: `meter:${meter.id}` }));
    },
  );

  on("is withdrawn by whoever may send it and sees its meter, by nobody else", async () => {
    const { w, withdraw } = await bench(name);
    const { id: meterId } = await w.meterAt("A座-0102");
    const trip = await w.command(meterId, "trip");
    expect(await refusal(withdraw(trip, { as: without("meter.trip") }))).toBe("forbidden");
    expect(await refusal(withdraw(trip, { as: foreign }))).toBe("command_not_found");
    expect(await refusal(withdraw("00000000000000000000"))).toBe("command_not_found");
    expect((await w.commandNow(trip)).state).toBe("waiting");
    await withdraw(trip, { as: without("meter.close", "meter.read") });
  });

  on("is left alone when it carries money, or when the system asked for it; books are as they were", async () => {
    const { w, ctx, withdraw, waiting } = await bench(name);
    const meter = await w.meterAt(w.hero);
    const orderNo = await w.recharge(meter.id, "10");
    const { command_id: topUp } = await w.db.read
      .selectFrom("recharge_order")
      .select("command_id")
      .where("order_no", "=", orderNo)
      .executeTakeFirstOrThrow();
    expect(await refusal(withdraw(topUp ?? "", { staysOff: true }))).toBe("command_of_money");
    const close = await w.command(meter.id, "close");
    await w.db.transact((tx) => tx.updateTable("command").set({ cause: "paid" }).where("id", "=", close).execute());
    expect(await refusal(withdraw(close, { staysOff: true }))).toBe("command_by_system");
    const { items } = await waiting(meter.id);
    expect(items.map(({ kind, withdrawal }) => [kind, withdrawal])).toEqual([
      ["top_up", "money"],
      ["close", "system"],
    ]);
    expect((await w.order(orderNo)).state).toBe("booked");
    expect(await verifyLedger(ctx)).toMatchObject({ ok: true, problems: [] });
  });

  on(
    "is refused once a byte may have left: sent, silent, answered; a question also while a collector asks it",
    async () => {
      const { w, ctx, claim, withdraw, set, pass } = await bench(name);
      const { id: meterId } = await w.meterAt("A座-0102");
      await set(meterId, "closed");
      const trip = await w.command(meterId, "trip");
      const [claimed] = await claim();
      if (claimed === undefined) throw new Error("nothing claimed");
      await markSent(ctx, claimed, () => "bytes");
      expect(await refusal(withdraw(trip))).toBe("command_sent");
      await settleCommand(ctx, claimed, { kind: "silent" });
      expect(await refusal(withdraw(trip))).toBe("command_sent");
      await settleCommand(ctx, claimed, { kind: "confirmed", result: {} });
      expect((await w.commandNow(trip)).state).toBe("unknown"); // that collector gave it up by its silence
      pass(MINUTE_MS);
      const [again] = await claim();
      if (again === undefined) throw new Error("nothing claimed");
      await settleCommand(ctx, again, { kind: "read_back_relay", relayOpen: true });
      expect(await refusal(withdraw(trip))).toBe("command_ended");

      const read = await w.command(meterId, "read");
      const [asked] = await claim();
      if (asked === undefined) throw new Error("nothing claimed");
      expect(await refusal(withdraw(read))).toBe("command_sent");
      await returnCommand(ctx, asked, { retryInMs: 1_000, why: "no_answer" });
      await withdraw(read);
      pass(MINUTE_MS);
      expect(await claim()).toEqual([]);
    },
  );

  on("that a collector prepares is either sent or withdrawn, never both, however close they come", async () => {
    const { w, ctx, claim, withdraw, set } = await bench(name);
    const meters = await Promise.all(w.plan.meters.map(({ room }) => w.meterAt(room)));
    const count = { sent: 0, withdrawn: 0 };
    for (let round = 0; round < 3; round++) {
      const ids: string[] = [];
      for (const [at, meter] of meters.entries()) {
        await set(meter.id, "closed", { off_cause: null, relay_commanded: null });
        ids.push(await w.command(meter.id, at % 2 === 0 ? "trip" : "close"));
      }
      const early = round === 0 ? [] : await claim();
      const collector = async () => {
        const sent = new Set<string>();
        for (const each of round === 0 ? await claim() : early)
          if ((await markSent(ctx, each, () => "bytes")).ok) sent.add(each.id);
        return sent;
      };
      const answers = async () => {
        const said = new Map<string, string>();
        const order = round === 1 ? ids.toReversed() : ids;
        await Promise.all(order.map(async (id) => said.set(id, await refusal(withdraw(id)))));
        return said;
      };
      const [sent, said] = await Promise.all([collector(), answers()]);
      for (const id of ids) {
        const now = await w.commandNow(id);
        const isSent = sent.has(id);
        expect([id, said.get(id), now.state, now.sentAt !== null]).toEqual(
          isSent ? [id, "command_sent", "sent", true] : [id, "nothing", "cancelled", false],
        );
        count[isSent ? "sent" : "withdrawn"]++;
      }
      for (const each of meters)
        await w.db.transact((tx) =>
          tx.updateTable("command").set({ state: "expired" }).where("meter_id", "=", each.id).execute(),
        );
    }
    expect(count.sent + count.withdrawn).toBe(3 * meters.length);
  });

  on("of a switch test goes with its other half, so no trip is left without its close", async () => {
    const { w, ctx, claim, withdraw, set, waiting } = await bench(name);
    const { id: meterId } = await w.meterAt("A座-0102");
    const concentratorId = 1;
    const test = async (trialNo: string) => {
      const of = {
        trial_no: trialNo,
        meter_id: meterId,
        attempt: 1,
        switch_wish: "used",
      } as unknown as TrialMeterTable;
      return w.db.transact((tx) => askSwitchTest(ctx, tx, { of, concentratorId, now: ctx.clock(), by: "boss" }));
    };
    const states = async (...ids: string[]) => Promise.all(ids.map(async (id) => (await w.commandNow(id)).state));
    await set(meterId, "closed");
    for (const half of ["tripId", "closeId"] as const) {
      const ids = await test(`T-${half}`);
      await withdraw(ids[half]);
      expect(await states(ids.tripId, ids.closeId)).toEqual(["cancelled", "cancelled"]);
    }
    expect(await claim()).toEqual([]);

    // The trip has left: the close is all that brings supply back, and that has to be known by whoever takes it away.
    const { tripId, closeId } = await test("T-left");
    const [trip] = await claim();
    if (trip?.id !== tripId) throw new Error("the close came first");
    await markSent(ctx, trip, () => "bytes");
    expect((await waiting(meterId)).items.find(({ id }) => id === closeId)).toMatchObject({ leavesOff: true });
    expect(await refusal(withdraw(closeId))).toBe("command_leaves_off");
    expect((await w.commandNow(closeId)).state).toBe("waiting");
    await withdraw(closeId, { staysOff: true });
    expect(await states(tripId, closeId)).toEqual(["sent", "cancelled"]);
    await settleCommand(ctx, trip, { kind: "confirmed", result: {} });
    expect((await waiting(meterId)).withdrawnClose).toMatchObject({ by: boss.name, reason: "点错了" });
    const told = await w.db.read
      .selectFrom("meter_event")
      .select("severity")
      .where("kind", "=", "close_withdrawn")
      .where("meter_id", "=", meterId)
      .execute();
    expect(told).toEqual([{ severity: "warning" }]);
    await w.command(meterId, "close"); // somebody looks after it
    expect((await waiting(meterId)).withdrawnClose).toBeNull();
  });

  on("that sets a load guard leaves what the meter was told before", async () => {
    const { w, ctx, withdraw } = await bench(name);
    const { id: meterId } = await w.meterAt("A座-0102");
    const off = wantedOf(null);
    const guard = (maxW: number) =>
      setLoadGuard(ctx, boss, {
        ...{ meterId, key: newId(ctx.clock()), ip: "", reason: "", settings: { ...off, maxW } },
      });
    const wanted = async () => wantedOf(await loadGuardOf(w.db.read, meterId)).maxW;
    const first = await guard(2_000);
    await withdraw(first.commandId);
    expect(await wanted()).toBe(off.maxW);
    await guard(3_000);
    const second = await guard(4_000);
    await withdraw(second.commandId);
    expect(await wanted()).toBe(3_000);
  });
});

describe.each(testDatabases)("with a real collector on $name", ({ name, available }) => {
  test.skipIf(!available)("a trip that was withdrawn never opens a relay, one that was not does", async () => {
    const w = await world({ database: name, metersPer: 12 });
    const meters = await Promise.all(w.plan.meters.slice(1).map(({ room }) => w.meterAt(room)));
    const seen = async (id: number) =>
      (await w.db.read.selectFrom("meter_state").select("relay").where("meter_id", "=", id).executeTakeFirstOrThrow())
        .relay;
    for (const { id } of meters) await until("it was read", async () => (await seen(id)) === "closed");
    const asked = await Promise.all(
      meters.map(async ({ id, number }) => ({ id, number, command: await w.command(id, "trip") })),
    );
    const withdrawn = new Set<string>();
    await Promise.all(
      asked.map(async ({ command }, at) => {
        if (at % 3 === 0) return;
        const input = { commandId: command, reason: "点错了", staysOff: false, ip: "" };
        if ((await refusal(withdrawCommand(w.ctx, boss, input))) === "nothing") withdrawn.add(command);
      }),
    );
    const ended = new Set(["confirmed", "cancelled"]);
    for (const { command } of asked)
      await until("it ended", async () => ended.has((await w.commandNow(command)).state));
    const last: Instant = w.ctx.clock();
    for (const { id } of meters)
      await until("it was read again", async () => {
        const row = await w.db.read
          .selectFrom("meter_state")
          .select("relay_at")
          .where("meter_id", "=", id)
          .executeTakeFirstOrThrow();
        return row.relay_at > last;
      });
    for (const { id, command } of asked)
      expect([command, await seen(id)]).toEqual([command, withdrawn.has(command) ? "closed" : "open"]);
    expect(withdrawn.size).toBeGreaterThan(0);
  });
});
