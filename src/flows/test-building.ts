import { assert } from "#base/errors.ts";
import { type Instant, instant } from "#base/time.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { freshDatabase, type TestDatabase } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";
import { enrollSite, type MeterArchive } from "./enroll.ts";
import { recordReadings } from "./record-readings.ts";
import { settleDueMeters } from "./settle-usage.ts";
import { verifyLedger } from "./verify-ledger.ts";

const MASTER_KEY = new Uint8Array(16).fill(7);

/** An administrator who sees every meter. */
export const boss: Actor = {
  userId: 1,
  login: "boss",
  name: "老板",
  permissions: new Set(permissions),
  scope: SCOPE_ALL,
};

/** A building whose meters are read by hand, at whatever time the test says it is. */
export type Building = {
  db: TestDatabase;
  ctx: FlowContext;
  /** Ids of the meters, in the order they were given. */
  meters: readonly number[];
  /** Sets the clock. */
  at(now: Instant): void;
  /** One reading, recorded at the clock's time (or at `received`). */
  read(meterId: number, measuredAt: Instant, energyWh: number): Promise<void>;
  /** Charges what is due. */
  settle(): Promise<void>;
  verify(): ReturnType<typeof verifyLedger>;
};

/** Opens a database and takes the building into use at `opened`; meters have index 0 then, unless they say otherwise. */
export async function building(
  name: "sqlite" | "mariadb",
  opened: Instant,
  archives: readonly Partial<MeterArchive & { area: string }>[],
): Promise<Building> {
  const db = await freshDatabase(name);
  let now = opened;
  const ctx: FlowContext = { db, clock: () => now, newId, log: silentLog };
  const areas = new Map<string, MeterArchive[]>();
  archives.forEach(({ area = "A座", ...archive }, i) => {
    const powerMaxW = 60_000 * (archive.ratio ?? 1);
    areas.set(area, [...(areas.get(area) ?? []), { ...plainMeter(area, i + 1), powerMaxW, ...archive }]);
  });
  await enrollSite(ctx, createSealer("5e".repeat(32)), {
    project: "测试楼",
    areas: [...areas].map(([area, meters]) => ({ name: area, meters })),
    concentrators: [{ code: "C1", name: "1 号集中器", key: MASTER_KEY }],
    meterMasterKey: MASTER_KEY,
  });
  const rows = await db.read.selectFrom("meter").select(["id", "number"]).execute();
  const ids = archives.map((archive, i) => {
    const number = archive.number ?? numberOf(i + 1);
    const row = rows.find((each) => each.number === number);
    assert(row, `meter ${number} was enrolled`);
    return row.id;
  });
  return {
    db,
    ctx,
    meters: ids,
    at: (to) => {
      now = to;
    },
    read: (meterId, measuredAt, energyWh) =>
      recordReadings(ctx, {
        collector: "test",
        reports: [{ meterId, measuredAt: instant(measuredAt), values: { energyWh } }],
        silences: [],
        frames: [],
      }),
    settle: async () => {
      let after: number | null = 0;
      while (after !== null) after = (await settleDueMeters(ctx, { limit: 500, after })).next;
    },
    verify: () => verifyLedger(ctx),
  };
}

function numberOf(n: number): string {
  return String(n).padStart(12, "0");
}

function plainMeter(area: string, n: number): MeterArchive {
  return {
    number: numberOf(n),
    address: numberOf(n),
    label: `${area}-${n}`,
    concentrator: "C1",
    bus: 1,
    kind: "electricity",
    profile: "jc1",
    mode: "prepaid",
    switchKind: "relay",
    closesBy: "direct",
    creditAt: "server",
    priceE4: 8_000,
    ratio: 1,
    powerMaxW: 60_000,
    lowCreditWh: 1_000,
    customer: { name: `住户${n}`, phone: `1380000${String(n).padStart(4, "0")}`, number: numberOf(n) },
    openingIndexWh: 0,
    purchaseCount: 0,
    openingCreditWh: 1_000_000,
  };
}
