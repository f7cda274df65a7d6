import { addDays, DAY_MS, dayOf, type Instant } from "#base/time.ts";
import { cost, formatMoney, type Money, money, price, wh } from "#base/units.ts";
import type { CutLine, CutPreview } from "#contract/supply.ts";
import { isInArrears } from "#domain/arrears.ts";
import { endOfNoCut } from "#domain/no-cut.ts";
import type { Scope } from "#domain/permission.ts";
import { loadCalendar } from "#store/calendar.ts";
import { type CutCandidate, cutCandidates, usageSince } from "#store/cut-preview.ts";
import { noCutWindowsOf } from "#store/no-cut.ts";
import type { FlowContext } from "./context.ts";

/** Days whose usage tells what is to be expected. */
const LOOK_BACK_DAYS = 7;
/** Lines of one answer: a site where more are about to be cut off has another problem. */
const LINES_MAX = 500;

/**
 * Who would be cut off at an hour that lies ahead: who is in arrears now, and who is expected to be by then at the pace of the last days;
 * and who of them is spared, by what and until when. A list for people: the decision itself is made on readings, at its time.
 */
export async function previewCuts(ctx: FlowContext, scope: Scope, at: Instant): Promise<CutPreview> {
  const tx = ctx.db.read;
  const now = ctx.clock();
  const candidates = await cutCandidates(tx, scope);
  const ids = candidates.map((each) => each.id);
  const usage = await usageSince(tx, { meterIds: ids, from: addDays(dayOf(now), -LOOK_BACK_DAYS) });
  const perAccount = expectedCosts(candidates, usage, Math.max(0, at - now));
  const ending = candidates.filter((meter) => whyOf(meter, perAccount, usage, at - now) !== null);
  const windows = await noCutWindowsOf(
    tx,
    ending.map((meter) => meter.id),
  );
  const calendar = await loadCalendar(tx);
  const items = ending.slice(0, LINES_MAX).map((meter): CutLine => {
    const why = whyOf(meter, perAccount, usage, at - now) ?? "arrears";
    const until = endOfNoCut(windows.get(meter.id) ?? [], calendar, at);
    const onServer = meter.creditAt === "server";
    const hold = holdOf(meter, onServer && until !== null);
    return {
      meterId: meter.id,
      label: meter.label,
      number: meter.number,
      areaName: meter.areaName,
      customer: meter.customer,
      kind: meter.kind,
      creditAt: meter.creditAt,
      why,
      balance: onServer ? formatMoney(meter.balance) : null,
      remainingWh: meter.remainingWh,
      expected: onServer ? formatMoney(money(meter.balance - (perAccount.get(meter.accountId) ?? 0))) : null,
      hold,
      holdUntil: hold === "no_cut_window" ? until : null,
    };
  });
  return { asOf: now, at, items, more: ending.length > LINES_MAX };
}

/** What each account will have used by then, in money at the prices that are shown now. */
function expectedCosts(
  candidates: readonly CutCandidate[],
  usage: ReadonlyMap<number, number>,
  spanMs: number,
): Map<number, Money> {
  const found = new Map<number, Money>();
  for (const meter of candidates) {
    const expected = cost(wh(expectedWh(usage, meter.id, spanMs)), price(meter.priceE4));
    found.set(meter.accountId, money((found.get(meter.accountId) ?? 0) + expected));
  }
  return found;
}

function expectedWh(usage: ReadonlyMap<number, number>, meterId: number, spanMs: number): number {
  return Math.round(((usage.get(meterId) ?? 0) * Math.max(0, spanMs)) / DAY_MS);
}

function whyOf(
  meter: CutCandidate,
  costs: ReadonlyMap<number, Money>,
  usage: ReadonlyMap<number, number>,
  spanMs: number,
): CutLine["why"] | null {
  if (meter.creditAt === "meter") {
    if (meter.remainingWh === null) return null;
    if (meter.remainingWh <= 0) return "arrears";
    return meter.remainingWh - expectedWh(usage, meter.id, spanMs) <= 0 ? "expected" : null;
  }
  const floor = { overdraftE4: meter.overdraftE4 };
  if (isInArrears({ balanceE4: meter.balance, ...floor })) return "arrears";
  return isInArrears({ balanceE4: meter.balance - (costs.get(meter.accountId) ?? 0), ...floor }) ? "expected" : null;
}

/** What spares a meter; windows do not hold in meters that count their own credit down. */
function holdOf(meter: CutCandidate, inWindow: boolean): CutLine["hold"] {
  if (!meter.hasSwitch) return "no_switch";
  if (meter.guarded) return "guard";
  if (meter.paying) return "payment_in_flight";
  return inWindow ? "no_cut_window" : null;
}
