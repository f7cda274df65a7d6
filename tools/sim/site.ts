import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { instant } from "#base/time.ts";
import type { FlowContext } from "#flows/context.ts";
import { enrollSite, type MeterArchive } from "#flows/enroll.ts";
import { type Bytes, fromHex, toHex } from "#protocol/bytes.ts";
import { meterKey } from "#protocol/dlt645/prepay.ts";
import { DEMO_MASTER_KEY, type MeterPlan } from "#simulator/plan.ts";
import { type Db, openDatabase } from "#store/db.ts";
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

/** Databases for many stories: each is a copy of one that was made once. In memory where the machine has such a folder. */
export async function siteMaker() {
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const folder = mkdtempSync(join(base, "jichao-sim-"));
  const template = join(folder, "template.db");
  const db = await openDatabase(`sqlite:${template}`);
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
  await db.close();
  let next = 0;
  return {
    async open(): Promise<Db> {
      const own = join(folder, `${next++}`);
      mkdirSync(own);
      copyFileSync(template, join(own, "site.db"));
      const opened = await openDatabase(`sqlite:${join(own, "site.db")}`);
      return {
        ...opened,
        async close() {
          await opened.close();
          rmSync(own, { recursive: true, force: true });
        },
      };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
