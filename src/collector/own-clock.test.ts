import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, instant, MINUTE_MS } from "#base/time.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { watchOwnClock } from "./own-clock.ts";

for (const { name, available, why } of testDatabases) {
  describe.skipIf(!available)(`our own clock, on ${name}${why ? ` (${why})` : ""}`, () => {
    let db: TestDatabase;
    beforeAll(async () => {
      db = await freshDatabase(name);
    });
    afterAll(() => db?.drop());

    function watched() {
      const time = { aheadMs: 0, passedMs: 0 };
      const clock = () => instant(Date.now() + time.passedMs + time.aheadMs);
      const own = watchOwnClock(clock, () => time.passedMs);
      return { time, sound: () => own.isSound(db.read) };
    }

    test("is sound while it runs evenly, and agrees with the database's", async () => {
      expect(await watched().sound()).toBe(true);
    });

    test("is in doubt for an hour after a jump, whatever its direction, and in the middle of nothing else", async () => {
      for (const jumpMs of [2 * HOUR_MS, -2 * HOUR_MS, 3_000]) {
        const { time, sound } = watched();
        expect(await sound()).toBe(true);
        time.aheadMs = jumpMs;
        expect(await sound()).toBe(false);
        time.passedMs = 59 * MINUTE_MS;
        expect(await sound()).toBe(false);
      }
    });

    // An embedded database has the clock of its program.
    if (name !== "sqlite")
      test("is in doubt when it disagrees with the machine of the database, also without a jump", async () => {
        const own = watchOwnClock(
          () => instant(Date.now() + DAY_MS),
          () => Date.now(),
        );
        expect(await own.isSound(db.read)).toBe(false);
      });
  });
}
