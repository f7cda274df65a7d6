import { dayOf, type Instant } from "#base/time.ts";
import { shownPrice, type TermsFrom, termsAt } from "#domain/tariff.ts";
import { seasonOn } from "#domain/tariff-time.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { dueChanges, markApplied, pricesNow, setShownPrice } from "#store/shown-prices.ts";
import { termsOfMeters } from "#store/tariffs.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

/** Meters brought up to date in one transaction. */
const METERS_MAX = 500;

/**
 * Shows prices on their meters from the instant on at which they hold: `meter.price_e4` is what is sold now, and what a balance is
 * worth in units. Settlement does not need it: it looks into the history itself. Answers how many meters were looked at.
 */
export async function applyPrices(ctx: FlowContext): Promise<number> {
  return decide(ctx.db, async (tx) => {
    const now = ctx.clock();
    const due = await dueChanges(tx, { now, limit: METERS_MAX });
    await show(ctx, tx, due.meterIds, now);
    await markApplied(tx, { ...due, at: now });
    return due.meterIds.length + due.versionIds.length;
  });
}

/** Shows again the prices of meters whose tariff has seasons: one may have begun without anybody doing anything. */
export async function applySeasons(ctx: FlowContext, meterIds: readonly number[]): Promise<void> {
  await decide(ctx.db, (tx) => show(ctx, tx, meterIds, ctx.clock()));
}

async function show(ctx: FlowContext, tx: Tx, meterIds: readonly number[], now: Instant): Promise<void> {
  const meters = await pricesNow(tx, meterIds);
  const terms = await termsOfMeters(tx, meters);
  for (const meter of meters) {
    const price = priceNow(terms.get(meter.id) ?? [], now);
    if (price === meter.price_e4) continue;
    await setShownPrice(tx, { meterId: meter.id, priceE4: price, now });
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: "prices",
      action: "price.apply",
      object: `meter:${meter.id}`,
      before: { priceE4: meter.price_e4 },
      after: { priceE4: price },
      reason: "",
      ip: "",
    });
  }
}

/** The one price that stands for a meter's terms at an instant, in 1/10000 yuan per unit. */
export function priceNow(terms: readonly TermsFrom[], now: Instant): number {
  const { terms: own } = termsAt(terms, now);
  return shownPrice(own, seasonOn(own, dayOf(now)));
}
