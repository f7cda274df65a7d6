import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "#base/errors.ts";
import { buildTown, contextOf, meter } from "#server/test-town.ts";
import { insertRows } from "#store/portable.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { decide } from "./decide.ts";
import { demandRoom } from "./meter-place.ts";

let db: TestDatabase | undefined;

afterEach(async () => {
  await db?.drop();
  db = undefined;
});

describe.each(testDatabases.filter(({ available }) => available))("room at a concentrator on $name", ({ name }) => {
  /** A town in which concentrator 1 has so many meters, and another one has many. */
  async function town(meters: number): Promise<TestDatabase> {
    const made = await freshDatabase(name);
    db = made;
    await buildTown(made);
    await made.transact(async (tx) => {
      const more = Array.from({ length: meters - 2 }, (_, i) => ({ ...meter(1_000 + i, 1), account_id: null }));
      await insertRows(tx, "meter", more);
      const others = Array.from({ length: 20 }, (_, i) => ({ ...meter(5_000 + i, 2), account_id: null }));
      await insertRows(tx, "meter", others);
    });
    return made;
  }

  /** As an exchange or a move does it: the place is demanded and taken in one transaction. */
  async function moveIn(to: TestDatabase, meterId: number): Promise<string> {
    try {
      await decide(contextOf(to).db, async (tx) => {
        await demandRoom(tx, { meterId, projectId: 1, concentratorId: 1 });
        await tx.updateTable("meter").set({ concentrator_id: 1 }).where("id", "=", meterId).execute();
      });
      return "taken";
    } catch (error) {
      if (error instanceof AppError) return error.code;
      throw error;
    }
  }

  async function countAt(at: TestDatabase): Promise<number> {
    const rows = await at.read.selectFrom("meter").select("id").where("concentrator_id", "=", 1).execute();
    return rows.length;
  }

  test("the 500th meter is taken and the 501st refused; one that is there already may stay", async () => {
    const open = await town(499);
    expect(await moveIn(open, 5_000)).toBe("taken");
    expect(await moveIn(open, 5_001)).toBe("concentrator_full");
    expect(await moveIn(open, 5_000)).toBe("taken");
    expect(await countAt(open)).toBe(500);
  });

  test("of twelve that come at once for the last three places three get one", async () => {
    const open = await town(497);
    const outcomes = await Promise.all(Array.from({ length: 12 }, (_, i) => moveIn(open, 5_000 + i)));
    expect(outcomes.filter((each) => each === "taken")).toHaveLength(3);
    expect(new Set(outcomes)).toEqual(new Set(["taken", "concentrator_full"]));
    expect(await countAt(open)).toBe(500);
  });

  test("a meter that was taken away leaves its place", async () => {
    const open = await town(500);
    expect(await moveIn(open, 5_000)).toBe("concentrator_full");
    await open.transact((tx) => tx.updateTable("meter").set({ retired_at: 1 }).where("id", "=", 11).execute());
    expect(await moveIn(open, 5_000)).toBe("taken");
  });
});
