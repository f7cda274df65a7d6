import { sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { type Instant, instant, later, MINUTE_MS } from "#base/time.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { townPlan } from "#simulator/plan.ts";
import { differences } from "#store/reconcile.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { enrollTown } from "../cli/demo.ts";
import type { FlowContext } from "./context.ts";
import { correctDifference, explainDifference } from "./end-difference.ts";
import { reconcile } from "./reconcile.ts";
import { recordReadings } from "./record-readings.ts";
import { ledgerBook } from "./seal-books.ts";
import { sealRows } from "./seal-rows.ts";
import { settleDueMeters } from "./settle-usage.ts";

const sealer = createSealer("5e".repeat(32));
const boss: Actor = { userId: 1, login: "boss", name: "老板", permissions: new Set(permissions), scope: SCOPE_ALL };
const nobody: Actor = { ...boss, login: "nobody", scope: { all: false, areaIds: [], meterIds: [] } };
const open: TestDatabase[] = [];
afterEach(async () => {
  for (const db of open.splice(0)) await db.drop();
});

async function site(name: "sqlite" | "mariadb") {
  const db = await freshDatabase(name);
  open.push(db);
  let now: Instant = instant(1_785_500_000_000);
  const ctx: FlowContext = { db, clock: () => now, newId, log: silentLog };
  const plan = townPlan({ seed: 3, concentrators: 1, metersPer: 6 });
  await enrollTown(ctx, sealer, { plan, stateFile: null });
  const meter = await db.read
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("credit_lot", "credit_lot.meter_id", "meter.id")
    .where("account.credit_at", "=", "meter")
    .select(["meter.id", "meter_state.index_wh", "credit_lot.units_wh", "meter_state.purchase_count"])
    .orderBy("meter.id")
    .executeTakeFirstOrThrow();
  /** The meter is read: so much used since it was taken over, so much credit shown. */
  async function read(usedWh: number, remainingWh: number, purchaseCount = meter.purchase_count) {
    now = later(now, 10 * MINUTE_MS);
    const values = { energyWh: (meter.index_wh ?? 0) + usedWh, remainingWh, purchaseCount };
    const reports = [{ meterId: meter.id, measuredAt: now, values }];
    await recordReadings(ctx, { collector: "test", reports, silences: [], frames: [] });
    await settleDueMeters(ctx, { limit: 100, after: 0 });
    now = later(now, MINUTE_MS);
  }
  const run = async () => {
    now = later(now, MINUTE_MS);
    return reconcile(ctx, sealer, boss);
  };
  const rows = (state: "open" | "ended" = "open", actor = boss) =>
    differences(db.read, actor.scope, { open: state === "open", limit: 50 });
  return { db, ctx, meter, read, run, rows };
}

describe.each(testDatabases)("the reconciliation on $name", ({ name, available }) => {
  const run = test.skipIf(!available);

  run("finds nothing where the books and the meter agree", async () => {
    const { meter, read, run, rows } = await site(name);
    await read(1_000, meter.units_wh - 1_000);
    expect(await run()).toMatchObject({ found: 0, gone: 0, ledger: { ok: true } });
    expect(await rows()).toEqual([]);
  });

  run("finds credit that is missing in the meter, and the books are corrected by what it shows, once", async () => {
    const { db, ctx, meter, read, run, rows } = await site(name);
    await read(1_000, meter.units_wh - 1_500);
    await run();
    await run(); // found again it is the same one
    const [difference, ...others] = await rows();
    expect(others).toEqual([]);
    expect(difference).toMatchObject({
      kind: "remaining",
      object: `meter:${meter.id}`,
      expected: meter.units_wh - 1_000,
      actual: meter.units_wh - 1_500,
      cause: "counter_drift",
    });
    const asked = { id: difference?.id ?? "", version: difference?.version ?? 0, reason: "到表前看过", ip: "" };
    await expect(correctDifference(ctx, boss, { ...asked, reason: "" })).rejects.toMatchObject({
      code: "reason_required",
    });
    await expect(correctDifference(ctx, nobody, asked)).rejects.toMatchObject({ code: "difference_not_found" });
    await expect(correctDifference(ctx, boss, { ...asked, version: 99 })).rejects.toMatchObject({
      code: "difference_changed",
    });
    await Promise.all([correctDifference(ctx, boss, asked), correctDifference(ctx, boss, asked)]);
    await correctDifference(ctx, boss, asked); // a click too many
    const booked = await db.read.selectFrom("ledger_transfer").select("id").where("kind", "=", "correction").execute();
    expect(booked).toEqual([{ id: `correction:${asked.id}` }]);
    expect(await run()).toMatchObject({ found: 0, ledger: { ok: true, problems: [] } });
    expect((await rows("ended"))[0]).toMatchObject({ state: "corrected", ended_by: "boss", reason: "到表前看过" });
    await expect(explainDifference(ctx, boss, asked)).rejects.toMatchObject({ code: "difference_ended" });
  });

  run("finds credit that the meter has too much, which becomes a lot of its own", async () => {
    const { ctx, meter, read, run, rows } = await site(name);
    await read(0, meter.units_wh + 50_000);
    await run();
    const [difference] = await rows();
    expect(difference).toMatchObject({ kind: "remaining", cause: "unknown" });
    await correctDifference(ctx, boss, {
      id: difference?.id ?? "",
      version: difference?.version ?? 0,
      reason: "r",
      ip: "",
    });
    expect(await run()).toMatchObject({ found: 0, ledger: { ok: true, problems: [] } });
  });

  run("corrects nothing by figures that have changed since they were looked at", async () => {
    const { ctx, meter, read, run, rows } = await site(name);
    await read(0, meter.units_wh - 700);
    await run();
    const [difference] = await rows();
    await read(500, meter.units_wh - 1_200);
    const asked = { id: difference?.id ?? "", version: difference?.version ?? 0, reason: "r", ip: "" };
    await expect(correctDifference(ctx, boss, asked)).rejects.toMatchObject({ code: "difference_changed" });
  });

  run(
    "ends by itself what is not found any more, and keeps what a person explained apart from what comes again",
    async () => {
      const { ctx, meter, read, run, rows } = await site(name);
      await read(0, meter.units_wh - 700);
      await run();
      await read(0, meter.units_wh);
      expect(await run()).toMatchObject({ found: 0, gone: 1 });
      expect((await rows("ended"))[0]).toMatchObject({ state: "gone" });
      await read(0, meter.units_wh - 700);
      await run();
      const [again] = await rows();
      await explainDifference(ctx, boss, {
        id: again?.id ?? "",
        version: again?.version ?? 0,
        reason: "试验表",
        ip: "",
      });
      await run();
      expect((await rows()).map((row) => row.id)).not.toContain(again?.id);
      expect(await rows()).toHaveLength(1);
    },
  );

  run("tells a meter that knows more purchases from one that has forgotten some", async () => {
    const { meter, read, run, rows } = await site(name);
    await read(0, meter.units_wh, meter.purchase_count + 1);
    await run();
    expect(await rows()).toMatchObject([
      { kind: "purchase_count", cause: "meter_ahead", expected: meter.purchase_count },
    ]);
  });

  run(
    "names a row of the ledger that was changed in the database, and shows it only to who sees everything",
    async () => {
      const { db, ctx, run, rows } = await site(name);
      while ((await sealRows(ctx, sealer, ledgerBook)) > 0);
      await db.transact((tx) => sql`update ledger_transfer set memo = 'x' where id = 'opening:2'`.execute(tx));
      expect(await run()).toMatchObject({ ledger: { ok: false } });
      const [row] = await rows();
      expect(row).toMatchObject({ kind: "ledger", cause: "tampered" });
      expect(row?.object).toMatch(/^transfer opening:2 was changed after it was sealed/);
      expect(await rows("open", nobody)).toEqual([]);
      const asked = { id: row?.id ?? "", version: row?.version ?? 0, reason: "r", ip: "" };
      await expect(correctDifference(ctx, boss, asked)).rejects.toMatchObject({ code: "difference_not_correctable" });
    },
  );
});
