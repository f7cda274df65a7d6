import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { money } from "#base/units.ts";
import { NO_LIMITS } from "#domain/user-limit.ts";
import { testDatabases } from "#store/test-databases.ts";
import { setLimits } from "#store/user-limits.ts";
import { previewBatch } from "./preview-batch.ts";
import { requestBatch } from "./request-batch.ts";
import { batchHouse } from "./test-batch-house.ts";
import { refusal } from "./test-refusal.ts";

describe.each(testDatabases)("the most meters of a batch on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let house: Awaited<ReturnType<typeof batchHouse>>;
  beforeAll(async () => {
    if (available) house = await batchHouse(name);
  });
  afterAll(() => house?.db.drop());

  on(
    "are those that would be switched: one more is refused and leaves nothing, and the list says it before",
    async () => {
      const { wang, li } = house;
      const most = (batchMeters: number | null) =>
        house.db.transact((tx) => setLimits(tx, wang.userId, { ...NO_LIMITS, rechargeDay: money(1), batchMeters }));
      const batches = async () => (await house.db.read.selectFrom("switch_batch").select("id").execute()).length;
      await most(2);
      const asking = { kind: "trip", meterIds: house.ids(0, 1, 2), names: [] } as const;
      expect(await previewBatch(house.ctx, wang, asking)).toMatchObject({ meters: 3, limit: 2 });
      expect(await previewBatch(house.ctx, li, asking)).toMatchObject({ meters: 3, limit: null });
      for (const kind of ["trip", "close"] as const)
        expect(await refusal(house.ask({ kind }))).toBe("limit_batch_meters");
      expect(await batches()).toBe(0);
      // Who stays out of the list is not switched and does not count.
      const [guarded = 0] = house.ids(0);
      await house.db.transact((tx) =>
        tx.updateTable("meter").set({ supply_guard: 1 }).where("id", "=", guarded).execute(),
      );
      const two = house.asking({ typed: 2 });
      const { batchId } = await requestBatch(house.ctx, wang, two);
      // A repeat is the same batch, also when the limit has been lowered since; whoever agrees to it needs no limit of his own.
      await most(0);
      expect(await requestBatch(house.ctx, wang, two)).toEqual({ batchId, created: false });
      expect(await refusal(house.ask({ meterIds: house.ids(3) }))).toBe("limit_batch_meters");
      expect(await refusal(house.ask({}, li))).not.toBe("limit_batch_meters");
      await house.approve(batchId);
      expect(await house.seen(batchId)).toMatchObject({ state: "running" });
    },
  );
});
