import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DAY_MS, type Day, later, startOfDay } from "#base/time.ts";
import { nextReceiptNo } from "#store/payments.ts";
import { isQuarantined } from "#store/quarantine.ts";
import { testDatabases } from "#store/test-databases.ts";
import { beginQuarantine } from "./begin-quarantine.ts";
import { nextPaymentNo } from "./recharge.ts";
import { nextRefundNo } from "./refund.ts";
import { type Building, building } from "./test-building.ts";

/** The backup is of the last day of a year, the restore of the second of the next. */
const SNAPSHOT = startOfDay("2026-12-31" as Day);
const RESTORED = later(SNAPSHOT, 2 * DAY_MS);

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`a restored system on ${name}${why ? ` (${why})` : ""}`, () => {
    let b: Building;
    let projectId = 0;
    const receipt = (year: string) => b.db.transact((tx) => nextReceiptNo(tx, projectId, year));
    const meter = (id: number) => b.db.transact((tx) => isQuarantined(tx, id, "set_clock"));

    beforeAll(async () => {
      b = await building(name, SNAPSHOT, [{}, {}, { bus: 2 }, {}]);
      ({ project_id: projectId } = await b.db.read
        .selectFrom("meter")
        .where("id", "=", b.meters[0] ?? 0)
        .select("project_id")
        .executeTakeFirstOrThrow());
      expect(await receipt("2026")).toBe("2026-000001");
      expect(await b.db.transact((tx) => nextPaymentNo(tx, SNAPSHOT))).toBe("R20261231000001");
      b.at(RESTORED);
      await b.db.transact((tx) =>
        tx
          .updateTable("meter")
          .set({ retired_at: SNAPSHOT })
          .where("id", "=", b.meters[3] ?? 0)
          .execute(),
      );
      await beginQuarantine(b.ctx, { file: "jichao.tar.gz", snapshotAt: SNAPSHOT, by: "host" });
    });
    afterAll(() => b?.db.drop());

    test("gives no number again that may have been given since the backup, in a new year either, and says so", async () => {
      expect(await receipt("2026")).toBe("2026-100002");
      expect(await receipt("2027")).toBe("2027-100001");
      expect(await b.db.transact((tx) => nextPaymentNo(tx, RESTORED))).toBe("R20270102100002");
      expect(await b.db.transact((tx) => nextRefundNo(tx, RESTORED))).toBe("F20270102100001");
      const audit = await b.db.read
        .selectFrom("audit")
        .select("after")
        .where("action", "=", "restore")
        .executeTakeFirstOrThrow();
      expect(JSON.parse(String(audit.after))).toMatchObject({
        numbersSkipped: 100_000,
        numbers: { recharge_order: 100_002, [`receipt:${projectId}:2027`]: 100_001 },
      });
    });

    test("calls no time out to a bus on which a meter has not shown yet where it stands", async () => {
      const [clear = 0, held = 0, elsewhere = 0, retired = 0] = b.meters;
      const letGo = (id: number) =>
        b.db.transact((tx) =>
          tx.updateTable("quarantine_meter").set({ state: "clear" }).where("meter_id", "=", id).execute(),
        );
      await letGo(clear);
      expect(await meter(clear)).toBe(true);
      expect(await b.db.transact((tx) => isQuarantined(tx, clear, "close"))).toBe(false);
      expect(await b.db.transact((tx) => isQuarantined(tx, held, "close"))).toBe(true);
      await letGo(held);
      expect(await meter(clear)).toBe(false);
      expect(await meter(elsewhere)).toBe(true);
      expect(await meter(retired)).toBe(false);
    });
  });
}
