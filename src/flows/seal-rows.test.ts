import { type RawBuilder, sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { townPlan } from "#simulator/plan.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import { enrollTown } from "../cli/demo.ts";
import type { FlowContext } from "./context.ts";
import { recharge } from "./recharge.ts";
import { ledgerBook } from "./seal-books.ts";
import { sealRows } from "./seal-rows.ts";
import { verifyLedger } from "./verify-ledger.ts";
import { withdrawRecharge } from "./withdraw-recharge.ts";

const sealer = createSealer("5e".repeat(32));
const boss: Actor = { userId: 1, login: "boss", name: "老板", permissions: new Set(permissions), scope: SCOPE_ALL };
const open: TestDatabase[] = [];
afterEach(async () => {
  for (const db of open.splice(0)) await db.drop();
});

async function books(name: "sqlite" | "mariadb") {
  const db = await freshDatabase(name);
  open.push(db);
  const ctx: FlowContext = { db, clock: () => instant(1_785_500_000_000), newId, log: silentLog };
  await enrollTown(ctx, sealer, { plan: townPlan({ seed: 3, concentrators: 1, metersPer: 6 }), stateFile: null });
  const meters = await db.read
    .selectFrom("meter")
    .select("id")
    .where("mode", "=", "prepaid")
    .orderBy("id")
    .limit(3)
    .execute();
  const orders: string[] = [];
  for (const { id } of meters) {
    const asked = { key: `k-${id}`, meterId: id, amount: "100", channel: "transfer" as const, note: "", ip: "" };
    orders.push((await recharge(ctx, boss, asked)).orderNo);
  }
  await withdrawRecharge(ctx, boss, { orderNo: orders[0] ?? "", reason: "test", ip: "" });
  return { db, ctx, orders };
}

async function sealAll(ctx: FlowContext): Promise<void> {
  while ((await sealRows(ctx, sealer, ledgerBook)) > 0);
}

describe.each(testDatabases)("the seals of the ledger on $name", ({ name, available }) => {
  const run = test.skipIf(!available);

  run("cover everything that was booked, and hold", async () => {
    const { ctx, db } = await books(name);
    expect((await verifyLedger(ctx, sealer)).seals).toMatchObject({ sealed: 0, seals: 0 });
    await sealAll(ctx);
    const report = await verifyLedger(ctx, sealer);
    const transfers = await db.read.selectFrom("ledger_transfer").select("id").execute();
    expect(report).toMatchObject({ ok: true, problems: [], sumE4: 0, transfers: transfers.length });
    // One pending transfer was voided: its end is a row of its own.
    expect(report.seals).toMatchObject({ waiting: 0, sealed: transfers.length + 1 });
    expect(await sealRows(ctx, sealer, ledgerBook)).toBe(0);
  });

  run("two servers that seal at once make one chain", async () => {
    const { ctx } = await books(name);
    await Promise.all([sealAll(ctx), sealAll(ctx), sealAll(ctx)]);
    expect(await verifyLedger(ctx, sealer)).toMatchObject({ ok: true, problems: [] });
  });

  run("a chain that was cut off and made anew does not hold the head that was written down", async () => {
    const { ctx, db } = await books(name);
    await sealAll(ctx);
    const { head } = (await verifyLedger(ctx, sealer)).seals;
    expect(await verifyLedger(ctx, sealer, head)).toMatchObject({ ok: true });
    await strike(db, sql`update ledger_transfer set memo = 'changed' where kind = 'payment'`);
    await strike(db, sql`insert into ledger_unsealed (item) select item from ledger_sealed`);
    await strike(db, sql`delete from ledger_sealed`);
    await strike(db, sql`delete from ledger_seal`);
    await sealAll(ctx);
    expect(await verifyLedger(ctx, sealer)).toMatchObject({ ok: true });
    const report = await verifyLedger(ctx, sealer, head);
    expect(report.problems[0]).toMatch(/^seal 1 is not the one that was written down$/);
  });

  const payment = (orders: string[]) => `payment:${orders[1]}`;
  type Tampering = (db: TestDatabase, orders: string[]) => Promise<unknown>;
  const tamperings: [string, Tampering, RegExp][] = [
    [
      "an amount, on both sides so that it still balances",
      async (db, orders) => {
        const id = payment(orders);
        await strike(db, sql`update ledger_entry set amount_e4 = amount_e4 * 2 where transfer_id = ${id}`);
        await strike(
          db,
          sql`update ledger_account set balance_e4 = balance_e4 + 1000000 where kind = 'wallet'
          and id in (select account_id from ledger_entry where transfer_id = ${id})`,
        );
      },
      /^transfer payment:\S+ was changed after it was sealed \(seal \d+, row \d+\)$/,
    ],
    [
      "who booked it",
      (db, orders) => strike(db, sql`update ledger_transfer set actor = 'nobody' where id = ${payment(orders)}`),
      /^transfer payment:\S+ was changed/,
    ],
    [
      "how it ended",
      (db) => strike(db, sql`update ledger_resolution set outcome = 'posted'`),
      /^the end of transfer recharge:\S+ was changed/,
    ],
    [
      "a transfer that is gone",
      async (db, orders) => {
        await strike(db, sql`delete from ledger_entry where transfer_id = ${payment(orders)}`);
        await strike(db, sql`delete from ledger_transfer where id = ${payment(orders)}`);
      },
      /^transfer payment:\S+ is gone/,
    ],
    [
      "a transfer that nobody booked",
      (db) =>
        strike(
          db,
          sql`insert into ledger_transfer (id, kind, pending, at, actor, order_no, meter_id, memo)
          values ('payment:forged', 'payment', 0, 1, 'thief', null, null, '')`,
        ),
      /^transfer payment:forged was not booked by the program$/,
    ],
    [
      "the hash beside the row as well",
      async (db, orders) => {
        await strike(db, sql`update ledger_transfer set memo = 'x' where id = ${payment(orders)}`);
        const item = `t:${payment(orders)}`;
        await strike(db, sql`update ledger_sealed set hash = ${"0".repeat(64)} where item = ${item}`);
      },
      /^transfer payment:\S+ was changed/,
    ],
    [
      "a seal made anew without the key",
      (db) => strike(db, sql`update ledger_seal set signature = 'v1:AAAA'`),
      /^seal 1 is not signed by this installation$/,
    ],
    [
      "a seal that is gone",
      (db) => strike(db, sql`delete from ledger_seal where seq = 1`),
      /^transfer \S+ was not booked by the program$/,
    ],
  ];

  run.for(tamperings)("name what was tampered with: %s", async ([, tamper, sentence]) => {
    const { ctx, db, orders } = await books(name);
    await sealAll(ctx);
    await tamper(db, orders);
    const report = await verifyLedger(ctx, sealer);
    expect(report.ok).toBe(false);
    expect(report.problems[0]).toMatch(sentence);
  });
});

/** Somebody with a client of the database in his hand: one statement beside every rule of the program. */
function strike(db: TestDatabase, statement: RawBuilder<unknown>): Promise<unknown> {
  return db.transact((tx) => statement.execute(tx));
}
