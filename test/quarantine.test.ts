import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import { afterEach, describe, expect, test } from "vitest";
import type { Actor } from "#domain/permission.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { approvalEffects } from "#flows/approval-effects.ts";
import { backUp, restore } from "#flows/back-up.ts";
import type { FlowContext } from "#flows/context.ts";
import { decideApproval } from "#flows/decide-approval.ts";
import { askToReleaseTrips, lookAtQuarantine, releaseMeter } from "#flows/quarantine.ts";
import { recharge } from "#flows/recharge.ts";
import { requestCommand } from "#flows/request-command.ts";
import { verifyLedger } from "#flows/verify-ledger.ts";
import { type Db, openDatabase } from "#store/db.ts";
import { currentRestore, heldMeterPage, quarantineCounts } from "#store/quarantine.ts";
import { testDatabases } from "#store/test-databases.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { until } from "./until.ts";
import { boss, type World, world } from "./world.ts";

const chief: Actor = { ...boss, userId: 2, login: "chief", name: "王主任" };
const gone: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of gone.splice(0).reverse()) await remove();
});

async function newPlace(name: string): Promise<{ url: string; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "jichao-quarantine-"));
  gone.push(async () => rmSync(folder, { recursive: true, force: true }));
  if (name === "sqlite") return { url: `sqlite:${join(folder, "restored.db")}`, folder };
  const server = process.env.JICHAO_TEST_MYSQL ?? "";
  const schema = `jichao_restore_${randomBytes(5).toString("hex")}`;
  const ask = async (sql: string) => {
    const connection = await createConnection(server);
    await connection.query(sql).finally(() => connection.end());
  };
  await ask(`create database ${schema} character set utf8mb4 collate utf8mb4_bin`);
  gone.push(() => ask(`drop database ${schema}`));
  return { url: `${server}/${schema}`, folder };
}

/** The same site on the restored database: what people and the collector do there. */
function on(db: Db) {
  const ctx: FlowContext = { db, clock: systemClock, newId, log: silentLog };
  const state = (meterId: number) =>
    db.read.selectFrom("meter_state").selectAll().where("meter_id", "=", meterId).executeTakeFirstOrThrow();
  return {
    ctx,
    state,
    recharge: async (meterId: number, amount: string) => {
      const key = newId(systemClock());
      return (await recharge(ctx, boss, { key, meterId, amount, channel: "cash", note: "", ip: "" })).orderNo;
    },
    order: (orderNo: string) =>
      db.read.selectFrom("recharge_order").selectAll().where("order_no", "=", orderNo).executeTakeFirstOrThrow(),
    command: async (meterId: number, kind: "trip" | "close") =>
      (await requestCommand(ctx, boss, { key: newId(systemClock()), meterId, kind, reason: "检修", ip: "" })).commandId,
    commandState: async (id: string) =>
      (await db.read.selectFrom("command").select("state").where("id", "=", id).executeTakeFirstOrThrow()).state,
    held: async (meterId: number) => {
      const rows = await heldMeterPage(db.read, SCOPE_ALL, 500);
      return rows.find((row) => row.meter_id === meterId) ?? null;
    },
    approve: async (by: Actor) => {
      const { id, version } = await db.read
        .selectFrom("approval")
        .select(["id", "version"])
        .where("kind", "=", "quarantine")
        .where("state", "=", "requested")
        .executeTakeFirstOrThrow();
      await decideApproval(ctx, approvalEffects, by, { id, verdict: "approve", version, reason: "", ip: "" });
    },
  };
}

const confirmed = (w: World, orderNo: string) =>
  until(`order ${orderNo} is confirmed`, async () => (await w.order(orderNo)).state === "confirmed");

/** What the meters of the town have been told and hold: the one thing that a quarantine must leave as it is. */
function told(w: World) {
  return w.town.snapshot().meters.map(({ number, purchaseCount, relay, topUps }) => ({
    number,
    purchaseCount,
    relay,
    topUps: topUps.length,
  }));
}

describe.each(testDatabases)("a system restored on $name", ({ name, available }) => {
  test.skipIf(!available)(
    "sends nothing until meters have shown where they stand, finds what was sold after the backup, and doubles nothing",
    async () => {
      const w = await world({ database: name, collector: false });
      const collector = await w.startCollector();
      const inMeter = w.plan.meters.filter(({ creditAt, kind }) => creditAt === "meter" && kind === "electricity");
      const [quiet, ahead, silent, busy] = await Promise.all(
        inMeter.slice(0, 4).map(async ({ room }) => w.meterAt(room)),
      );
      if (!quiet || !ahead || !silent || !busy) throw new Error("too few meters");
      for (const meter of [quiet, ahead, busy]) await confirmed(w, await w.recharge(meter.id, "50"));

      // On its way when the backup is taken: a recharge of a meter that does not answer, and a trip of it.
      w.town.setMeterOffline(silent.number, true);
      const waiting = await w.recharge(silent.id, "30");
      const oldTrip = await w.command(silent.id, "trip");

      // The backup is taken while people pay.
      let isPaying = true;
      const paid: string[] = [];
      const paying = (async () => {
        while (isPaying) {
          const orderNo = await w.recharge(busy.id, "20");
          await confirmed(w, orderNo);
          paid.push(orderNo);
        }
      })();
      await until("some have paid", async () => paid.length >= 2);
      const place = await newPlace(name);
      const quietly = { sealer: null, progress: () => {} };
      const backup = await backUp(w.ctx, {
        ...quietly,
        url: w.db.url,
        folder: place.folder,
        passphrase: "the passphrase of this test",
        version: "test",
        depth: "restored",
      });
      expect(backup.ledger).toMatchObject({ ok: true, sumE4: 0 });
      isPaying = false;
      await paying;
      await confirmed(w, await w.recharge(busy.id, "20"));
      await confirmed(w, await w.recharge(ahead.id, "75")); // after the backup: nobody will know of it but the meter
      const given = await w.db.read.selectFrom("payment").select(["payment_no", "receipt_no"]).execute();
      await collector.close();
      await w.db.transact((tx) => tx.deleteFrom("meter_state").execute()); // and then the disk dies

      const passphrase = "the passphrase of this test";
      const done = await restore(w.ctx, { ...quietly, file: backup.file, passphrase, url: place.url, by: "host" });
      expect(done.ledger).toMatchObject({ ok: true, sumE4: 0 });
      const db = await openDatabase(place.url);
      gone.push(() => db.close());
      const s = on(db);
      expect(await s.commandState(oldTrip)).toBe("cancelled");
      expect(await s.order(waiting)).toMatchObject({ state: "booked" });

      const before = told(w);
      const again = await w.startCollector({ collectorId: "after" }, { db });
      // People go on working: they pay, and want switches to move.
      const fresh = await s.recharge(quiet.id, "40");
      const more = await s.recharge(ahead.id, "10");
      const numbers = await db.read
        .selectFrom("payment")
        .innerJoin("recharge_order", "recharge_order.payment_no", "payment.payment_no")
        .where("recharge_order.order_no", "in", [fresh, more])
        .select(["payment.payment_no", "payment.receipt_no"])
        .execute();
      expect(numbers).toHaveLength(2);
      for (const { payment_no, receipt_no } of numbers) {
        expect(given.map((each) => each.payment_no.slice(9))).not.toContain(payment_no.slice(9));
        expect(given.map((each) => each.receipt_no)).not.toContain(receipt_no);
      }
      const closing = await s.command(quiet.id, "close");
      const trip = await s.command(quiet.id, "trip");
      await until("every meter but the silent one was read", async () => {
        const rows = await db.read
          .selectFrom("meter_state")
          .select(["meter_id", "purchase_count_read", "last_answer_at"])
          .execute();
        return (
          rows.every((row) => row.meter_id === silent.id || row.last_answer_at > 0) &&
          [quiet, ahead, busy].every(
            (each) => rows.find((row) => row.meter_id === each.id)?.purchase_count_read !== null,
          )
        );
      });
      expect(told(w)).toEqual(before);
      expect(await s.commandState(closing)).toBe("cancelled"); // by the newer wish, not by being sent
      expect(await s.commandState(trip)).toBe("waiting");
      const sent = await db.read
        .selectFrom("command")
        .select("id")
        .where("sent_at", ">", (await currentRestore(db.read))?.restored_at ?? 0)
        .execute();
      expect(sent).toEqual([]);

      await lookAtQuarantine(s.ctx);
      expect(await s.held(quiet.id)).toBeNull();
      const shown = w.town.meter(ahead.number)?.purchaseCount ?? -1;
      expect(await s.held(ahead.id)).toMatchObject({
        state: "doubtful",
        reason: "count_ahead",
        booked: shown - 1,
        shown,
      });
      expect(await s.held(silent.id)).toMatchObject({ state: "waiting", reason: "not_read" });
      const busyHeld = await s.held(busy.id);
      expect(busyHeld).toMatchObject({ state: "doubtful" });
      expect(["count_ahead", "open_purchase"]).toContain(busyHeld?.reason);

      // Who stands where the books do goes on; the others wait.
      await until("the fresh recharge is confirmed", async () => (await s.order(fresh)).state === "confirmed");
      expect(await s.order(more)).toMatchObject({ state: "booked", state_reason: "quarantine" });
      const one = told(w).filter(({ number }) => number === quiet.number);
      expect(one[0]?.topUps).toBe((before.find(({ number }) => number === quiet.number)?.topUps ?? 0) + 1);
      expect(told(w).filter(({ number }) => number !== quiet.number)).toEqual(
        before.filter(({ number }) => number !== quiet.number),
      );

      // The silent meter answers: it stands where the books do, and gets what waited for it, once.
      w.town.setMeterOffline(silent.number, false);
      await until("the silent meter was read", async () => (await s.state(silent.id)).purchase_count_read !== null);
      await lookAtQuarantine(s.ctx);
      await until("its recharge is confirmed", async () => (await s.order(waiting)).state === "confirmed");
      expect(w.town.meter(silent.number)?.purchaseCount).toBe(1);

      // Trips wait for two people, however well the meter stands.
      expect(await s.commandState(trip)).toBe("waiting");
      const asking = { reason: "各表已核对", ip: "" };
      await expect(askToReleaseTrips(s.ctx, boss, { ...asking, reason: "" })).rejects.toMatchObject({
        code: "reason_required",
      });
      expect(await askToReleaseTrips(s.ctx, boss, asking)).toEqual({ released: false });
      expect(await askToReleaseTrips(s.ctx, chief, asking)).toEqual({ released: false });
      await expect(s.approve(boss)).rejects.toMatchObject({ code: "approval_same_person" });
      expect(await s.commandState(trip)).toBe("waiting");
      await s.approve(chief);
      await until("the trip is confirmed", async () => (await s.commandState(trip)) === "confirmed");

      // A person lets the doubtful meter go on: its own count still keeps money from going in twice.
      await expect(releaseMeter(s.ctx, boss, { meterId: ahead.id, reason: "", ip: "" })).rejects.toMatchObject({
        code: "reason_required",
      });
      await releaseMeter(s.ctx, boss, { meterId: ahead.id, reason: "收据已找到", ip: "" });
      await expect(releaseMeter(s.ctx, boss, { meterId: ahead.id, reason: "再点一次", ip: "" })).rejects.toMatchObject({
        code: "quarantine_meter_done",
      });
      await until("its recharge stops for a person", async () => (await s.order(more)).state === "stopped");
      expect(w.town.meter(ahead.number)?.purchaseCount).toBe(shown);
      await releaseMeter(s.ctx, boss, { meterId: busy.id, reason: "收据已找到", ip: "" });

      const counts = await quarantineCounts(db.read, SCOPE_ALL);
      expect(counts).toMatchObject({ waiting: 0, doubtful: 0, released: 2 });
      expect(await currentRestore(db.read)).toBeNull();
      expect((await verifyLedger(s.ctx)).problems).toEqual([]);
      await again.close();
    },
    120_000,
  );
});
