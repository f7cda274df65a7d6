import { describe, expect, test } from "vitest";
import { pause } from "#system/clock.ts";
import { createAdmission } from "./admission.ts";

const there = { isThere: () => true, pauseMs: 0 };
/** An act that is done when the test says so. */
function held() {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { act: () => promise, end: () => resolve("in") };
}

describe("the queue of concentrators that come at once", () => {
  test("lets no more in at one time than the database can stand, and everybody in the end", async () => {
    const admission = createAdmission({ perSecond: 10_000 });
    let inside = 0;
    let most = 0;
    const turns = Array.from({ length: 300 }, (_, i) =>
      admission.turn({ code: `JC${i}`, ...there }, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        return i;
      }),
    );
    expect(admission.waiting()).toBeGreaterThan(200);
    expect(await Promise.all(turns)).toEqual(turns.map((_, i) => i));
    expect(most).toBeLessThanOrEqual(8);
  });

  test("of two with one code the newest comes in", async () => {
    const admission = createAdmission({ perSecond: 1_000 });
    const others = Array.from({ length: 8 }, () => held());
    const busy = others.map(({ act }, i) => admission.turn({ code: `busy${i}`, ...there }, act));
    const old = admission.turn({ code: "JC1", ...there }, async () => "old");
    const fresh = admission.turn({ code: "JC1", ...there }, async () => "new");
    expect(await old).toBeNull();
    for (const { end } of others) end();
    expect(await fresh).toBe("new");
    await Promise.all(busy);
  });

  test("two that push each other out while they have to wait do not keep both out", async () => {
    const admission = createAdmission({ perSecond: 1_000 });
    const came: (string | null)[] = [];
    for (let i = 0; i < 100 && !came.some((each) => each !== null); i++) {
      const who = i % 2 === 0 ? "one" : "other";
      const turn = admission.turn({ code: "JC1", isThere: () => true, pauseMs: 100 }, async () => who);
      void turn.then((end) => came.push(end));
      await pause(20); // each comes while the one before still waits
    }
    expect(came.filter((each) => each !== null)).toHaveLength(1);
  });

  test("who has hung up does not trouble the database", async () => {
    const admission = createAdmission({ perSecond: 1_000 });
    const others = Array.from({ length: 8 }, () => held());
    const busy = others.map(({ act }, i) => admission.turn({ code: `busy${i}`, ...there }, act));
    let isThere = true;
    const gone = admission.turn({ code: "JC1", isThere: () => isThere, pauseMs: 0 }, async () => "in");
    isThere = false;
    for (const { end } of others) end();
    expect(await gone).toBeNull();
    await Promise.all(busy);
  });

  test("an act that fails is told to its caller, and the next one goes on", async () => {
    const admission = createAdmission({ perSecond: 1_000 });
    const failing = admission.turn({ code: "JC1", ...there }, () => Promise.reject(new Error("no database")));
    await expect(failing).rejects.toThrow("no database");
    expect(await admission.turn({ code: "JC1", ...there }, async () => "in")).toBe("in");
  });

  test("lets nobody in once it is closed, and nobody waits for ever", async () => {
    const admission = createAdmission({ perSecond: 1 });
    const waiting = Array.from({ length: 60 }, (_, i) =>
      admission.turn({ code: `JC${i}`, ...there }, async () => "in"),
    );
    admission.close();
    const ends = await Promise.all(waiting);
    expect(ends.filter((end) => end === null).length).toBeGreaterThan(30);
    expect(await admission.turn({ code: "JC1", ...there }, async () => "in")).toBeNull();
  });
});
