import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { instant } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { enrollSite, type MeterArchive } from "#flows/enroll.ts";
import { type Bytes, fromHex, toHex } from "#protocol/bytes.ts";
import { meterKey } from "#protocol/dlt645/prepay.ts";
import { DEMO_MASTER_KEY, type MeterPlan } from "#simulator/plan.ts";
import { type Db, openDatabase } from "#store/db.ts";
import { insertRows } from "#store/portable.ts";
import type { Schema } from "#store/schema.ts";
import { nodeCiphers } from "#system/crypto.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";

/** When every story begins: 2026-03-02 09:00 in Shanghai. */
export const STORY_BEGINS = instant(Date.UTC(2026, 2, 2, 1));
export const CONCENTRATOR = "JC000001";

/** The root key of all meters of a story. */
export const MASTER_KEY: Bytes = fromHex(DEMO_MASTER_KEY) ?? new Uint8Array();

/** The meters of every story: two that hold their credit (one of them empty, one that wants its button), one on the server. */
export const plans: readonly MeterPlan[] = [
  plan(1, { creditAt: "meter", initialCreditWh: 0 }),
  plan(2, { creditAt: "server", initialCreditWh: 6_000 }),
  plan(3, { creditAt: "meter", initialCreditWh: 9_000, closesBy: "button" }),
];

function plan(n: number, own: Partial<MeterPlan>): MeterPlan {
  const address = `20260000000${n}`;
  return {
    address,
    number: address,
    profile: "jc1",
    concentrator: CONCENTRATOR,
    port: 1,
    room: `S-${n}`,
    label: `S-${n}`,
    kind: "electricity",
    creditAt: "meter",
    priceE4: 7500,
    customerNumber: `10000000000${n}`,
    tenant: `10000000000${n}`,
    customerName: `户 ${n}`,
    rechargeKey: toHex(meterKey(nodeCiphers, MASTER_KEY, 1, address)),
    initialIndexWh: 1_000_000 * n,
    initialCreditWh: 0,
    load: "flat",
    ratedPowerW: 3_000,
    closesBy: "direct",
    ...own,
  };
}

function archive(meter: MeterPlan): MeterArchive {
  return {
    number: meter.number,
    address: meter.address,
    label: meter.label,
    concentrator: meter.concentrator,
    bus: meter.port,
    kind: meter.kind,
    profile: meter.profile,
    mode: "prepaid",
    switchKind: "relay",
    closesBy: meter.closesBy,
    creditAt: meter.creditAt,
    priceE4: meter.priceE4,
    ratio: 1,
    powerMaxW: 100_000,
    lowCreditWh: 10_000,
    customer: { name: meter.customerName, phone: "13800000000", number: meter.customerNumber },
    openingIndexWh: meter.initialIndexWh,
    purchaseCount: 0,
    openingCreditWh: meter.initialCreditWh,
  };
}

/**
 * A database for many stories, one after the other: each finds the site as it was on the first day. In memory where the machine has such a
 * folder; the connections stay open, because opening them costs as much as a quarter of a story.
 */
export async function openStoryDatabase() {
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const folder = mkdtempSync(join(base, "jichao-sim-"));
  const db = await openDatabase(`sqlite:${join(folder, "site.db")}`);
  await db.migrate();
  let made = 0;
  const ctx: FlowContext = {
    db,
    clock: () => STORY_BEGINS,
    newId: (now) => `${now}-${made++}`.padStart(20, "0"),
    log: silentLog,
  };
  await enrollSite(ctx, createSealer("5e".repeat(32)), {
    project: "sim",
    areas: [{ name: "S", meters: plans.map(archive) }],
    concentrators: [{ code: CONCENTRATOR, name: "1", key: new Uint8Array(16) }],
    meterMasterKey: MASTER_KEY,
  });
  const firstDay = await contents(db);
  return {
    db,
    /** Puts the site back to its first day. */
    async reset(): Promise<void> {
      await db.transact(async (tx) => {
        for (const { table, rows } of firstDay) {
          await sql`delete from ${sql.table(table)}`.execute(tx);
          if (rows.length > 0) await insertRows(tx, table, rows as never);
        }
      });
    },
    async close(): Promise<void> {
      await db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Contents = { table: keyof Schema; rows: Record<string, unknown>[] }[];

async function contents(db: Db): Promise<Contents> {
  const { rows: tables } = await sql<{ name: keyof Schema }>`select name from sqlite_master
    where type = 'table' and name not like 'sqlite_%' and name <> 'migration'`.execute(db.read);
  const found: Contents = [];
  for (const { name } of tables) {
    // Generated columns are not among these, and cannot be written back.
    const columns = await sql<{ name: string }>`select name from pragma_table_info(${name})`.execute(db.read);
    const all = sql.join(columns.rows.map((column) => sql.ref(column.name)));
    const { rows } = await sql<Record<string, unknown>>`select ${all} from ${sql.table(name)}`.execute(db.read);
    found.push({ table: name, rows });
  }
  return found;
}
