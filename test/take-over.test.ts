import { describe, expect, test } from "vitest";
import { testDatabases } from "#store/test-databases.ts";
import { takeOverChaos } from "../tools/chaos/take-over.ts";

describe.each(testDatabases)("a collector that dies on $name", ({ name, available }) => {
  test.skipIf(!available)(
    "leaves its rounds and commands to another: nothing is stored twice, nothing is sent twice, whatever it was at",
    async () => {
      const ends = [
        "pump:after-sent-mark",
        "exchange:after-write",
        "pump:after-answer",
        "mid-round",
        "frozen",
      ] as const;
      const report = await takeOverChaos(
        { runs: ends.length, seed: 3, database: name, ends, frozenMs: 18_000 },
        () => {},
      );
      expect(report).toMatchObject({
        commands: 5,
        confirmed: 5,
        wrong: {
          sentTwice: 0,
          neverSent: 0,
          notInMeter: 0,
          storedTwice: 0,
          spokenAfterThaw: 0,
          ledgerSum: 0,
          problems: [],
        },
        ok: true,
      });
      expect(report.readingsStored).toBeGreaterThan(0);
    },
    240_000,
  );
});
