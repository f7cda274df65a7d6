import { instant } from "#base/time.ts";
import type { Scope } from "#domain/permission.ts";
import { registers, type Verdict, verdictCode, verdicts } from "#domain/reading.ts";
import type { Tx } from "./db.ts";
import { linesOfReadings } from "./index-line.ts";
import { readingsWithin, someReadings } from "./reading-history.ts";
import { inScope } from "./scope.ts";

/** Readings of one doubt that are looked at: a month of quarters of an hour. */
const DOUBTED_MAX = 3_000;

/** A meter as a correction decides about it; undefined outside the scope. */
export async function meterToCorrect(tx: Tx, scope: Scope, meterId: number) {
  return tx
    .selectFrom("meter")
    .leftJoin("account", "account.id", "meter.account_id")
    .where("meter.id", "=", meterId)
    .where((eb) => inScope(eb, scope))
    .select(["meter.id", "meter.project_id", "meter.account_id", "meter.mode", "meter.ratio", "account.credit_at"])
    .executeTakeFirst();
}

/** The total index that a meter showed at a time, as it was judged; null when it was not read then. */
export async function readingAt(
  tx: Tx,
  meterId: number,
  measuredAt: number,
): Promise<{ value: number; verdict: Verdict } | null> {
  const at = { from: measuredAt, to: measuredAt };
  const [row] = await readingsWithin(tx, [meterId], { registers: [registers.energyTotal] }, at);
  return row ? { value: row.value, verdict: verdicts[row.verdict] ?? "stale" } : null;
}

/** Readings that were not believed after one time, up to and with another, in the order of time. */
export async function doubtedSince(
  tx: Tx,
  meterId: number,
  after: number,
  upTo: number,
): Promise<{ at: number; value: number; verdict: number }[]> {
  const wanted = { registers: [registers.energyTotal], verdicts: [verdictCode("jump"), verdictCode("backwards")] };
  const range = { from: after + 1, to: upTo, limit: DOUBTED_MAX, newestFirst: true };
  const rows = await someReadings(tx, meterId, wanted, range);
  return rows.toReversed().map((row) => ({ at: row.measured_at, value: row.value, verdict: row.verdict }));
}

/** The believed indexes nearest before and after a time, with what people decided laid over them; without the one at that time. */
export async function goodNeighbours(
  tx: Tx,
  meterId: number,
  at: number,
): Promise<{ before: { at: number; value: number } | null; after: { at: number; value: number } | null }> {
  const points = await linesOfReadings(tx, meterId, instant(at));
  const before = points.findLast((point) => point.at < at);
  const after = points.find((point) => point.at > at);
  return {
    before: before ? { at: before.at, value: before.indexWh } : null,
    after: after ? { at: after.at, value: after.indexWh } : null,
  };
}
