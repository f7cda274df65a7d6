import { dayOf, type Instant, instant } from "#base/time.ts";
import { formatMoney, money } from "#base/units.ts";
import type { Shift, ShiftCount, ShiftReport } from "#contract/shifts.ts";
import type { Actor } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import type { ShiftCountTable, ShiftTable } from "./schema-desk.ts";
import { countsOf, type ShiftFilter, shiftRow, shiftRows, shiftSums } from "./shifts.ts";

const SHIFTS_MAX = 200;

/** Shifts that this person may see: his own, and everybody's with `shift.view` over all meters. */
export async function shiftViews(
  tx: Tx,
  actor: Actor,
  filter: Omit<ShiftFilter, "userId"> & { mine: boolean; now: Instant },
): Promise<Shift[]> {
  const userId = filter.mine || !seesOthers(actor) ? actor.userId : null;
  const rows = await shiftRows(tx, { ...filter, userId }, SHIFTS_MAX);
  const names = await projectNames(tx);
  return rows.map((row) => toShift(row, { actor, now: filter.now, names }));
}

/** Projects of which this person sees a meter: where he may open a shift. */
export async function projectsOf(tx: Tx): Promise<{ projectId: number; name: string }[]> {
  return [...(await projectNames(tx))].map(([projectId, name]) => ({ projectId, name }));
}

/** The report of a shift; null when this person may not see it. */
export async function shiftReportOf(tx: Tx, actor: Actor, shiftId: number, now: Instant): Promise<ShiftReport | null> {
  const row = await shiftRow(tx, shiftId);
  if (!row || (row.user_id !== actor.userId && !seesOthers(actor))) return null;
  const sums = await shiftSums(tx, shiftId);
  const counts = await countsOf(tx, shiftId);
  const payments = await tx
    .selectFrom("payment")
    .where("shift_id", "=", shiftId)
    .select(["taken_at", "amount_e4", "channel"])
    .orderBy("taken_at")
    .execute();
  const days = new Map<string, { count: number; sum: number }>();
  for (const payment of payments) {
    if (payment.channel !== "cash") continue;
    const day = dayOf(instant(payment.taken_at));
    const one = days.get(day) ?? { count: 0, sum: 0 };
    days.set(day, { count: one.count + 1, sum: one.sum + payment.amount_e4 });
  }
  const paidOut = sums.cash.find((each) => each.kind === "payout");
  return {
    shift: toShift(row, { actor, now, names: await projectNames(tx) }),
    channels: sums.channels.map((each) => ({ channel: each.channel, count: each.count, amount: text(each.sumE4) })),
    recharges: {
      count: payments.length,
      amount: text(payments.reduce((sum, payment) => sum + payment.amount_e4, 0)),
    },
    withdrawn: { count: sums.withdrawn.count, amount: text(sums.withdrawn.sumE4) },
    refunds: { count: paidOut?.count ?? 0, amount: text(-(paidOut?.sumE4 ?? 0) || 0) },
    reprints: sums.reprints,
    cash:
      row.state === "open"
        ? []
        : sums.cash.map((each) => ({ kind: each.kind, count: each.count, amount: text(each.sumE4) })),
    counts: counts.map(toCount),
    days: [...days].map(([day, { count, sum }]) => ({ day, count, amount: text(sum) })),
  };
}

/** A count as pages see it. */
export function toCount(row: ShiftCountTable): ShiftCount {
  return {
    n: row.n,
    counted: text(row.counted_e4),
    expected: text(row.expected_e4),
    difference: text(row.counted_e4 - row.expected_e4),
    countedBy: row.counted_by,
    countedAt: row.counted_at,
    denominations: row.denominations === null ? null : (JSON.parse(row.denominations) as Record<string, number>),
  };
}

function seesOthers(actor: Actor): boolean {
  return actor.scope.all && (actor.permissions.has("shift.view") || actor.permissions.has("shift.close_other"));
}

async function projectNames(tx: Tx): Promise<Map<number, string>> {
  const rows = await tx.selectFrom("project").select(["id", "name"]).orderBy("id").execute();
  return new Map(rows.map((row) => [row.id, row.name]));
}

function toShift(
  row: ShiftTable,
  { actor, now, names }: { actor: Actor; now: Instant; names: Map<number, string> },
): Shift {
  const closed = row.expected_e4 !== null && row.counted_e4 !== null;
  return {
    shiftId: row.id,
    projectId: row.project_id,
    project: names.get(row.project_id) ?? "",
    cashier: row.cashier,
    cashierName: row.cashier_name,
    mine: row.user_id === actor.userId,
    state: row.state,
    openedAt: row.opened_at,
    openedBy: row.opened_by,
    float: text(row.float_e4),
    closedAt: row.closed_at,
    closedBy: row.closed_by,
    expected: closed ? text(row.expected_e4 ?? 0) : null,
    counted: closed ? text(row.counted_e4 ?? 0) : null,
    difference: closed ? text((row.counted_e4 ?? 0) - (row.expected_e4 ?? 0)) : null,
    reason: row.reason,
    overnight: row.state === "open" && dayOf(instant(row.opened_at)) < dayOf(now),
  };
}

function text(e4: number): string {
  return formatMoney(money(e4));
}
