import { describe, expect, test } from "vitest";
import { testDatabases } from "#store/test-databases.ts";
import { rechargeChaos } from "../tools/chaos/recharge.ts";

describe.each(testDatabases)("real programs killed during recharges on $name", ({ name, available }) => {
  test.skipIf(!available)(
    "lose nothing, double nothing and leave nothing open",
    async () => {
      const report = await rechargeChaos({ runs: 8, seed: 7, database: name, perRun: 3 }, () => {});
      expect(report).toMatchObject({
        recharges: 24,
        confirmed: 24,
        lost: 0,
        doubled: 0,
        ledgerSum: 0,
        unresolved: 0,
        problems: [],
        worstSum: 0,
      });
      expect(Object.values(report.kills).reduce((sum, kills) => sum + kills, 0)).toBeGreaterThan(0);
    },
    240_000,
  );
});
