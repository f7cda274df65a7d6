import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { galeraChaos } from "../tools/chaos/galera.ts";
import { noGaleraHere } from "./galera.ts";

const why = noGaleraHere();

describe.skipIf(why !== null)(`three nodes${why === null ? "" : ` (not run: ${why})`}`, () => {
  test("server and collector go on at another node when theirs dies or stands still, and nothing is lost or doubled", async () => {
    const seed = randomBytes(2).readUInt16BE();
    const report = await galeraChaos({ rounds: 1, seed, events: ["kill-writer", "freeze-writer"] }, () => {});
    expect({ ...report, seed }).toMatchObject({
      lost: 0,
      doubled: 0,
      unresolved: 0,
      problems: [],
      ledgerSum: 0,
      worstSum: 0,
      rowsLost: 0,
      nodesInUse: 1,
      unlike: [],
      ok: true,
    });
    expect(report.struck).toHaveLength(2);
    expect(report.confirmed).toBe(report.recharges);
    expect(report.recharges).toBeGreaterThan(0);
  }, 240_000);
});
