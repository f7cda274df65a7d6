import { type Instant, instant } from "#base/time.ts";
import { type Money, money } from "#base/units.ts";
import { type ChargeLine, chargeUsage, type Shown, type TierCount, type Usage } from "#domain/charging.ts";
import { type Consumption, consume } from "#domain/lots.ts";
import { readingLine } from "#domain/reading-line.ts";
import { usedBetween } from "#domain/settlement.ts";
import { shownPrice, type TermsFrom, termsAt } from "#domain/tariff.ts";
import { loadCalendar } from "#store/calendar.ts";
import type { Tx } from "#store/db.ts";
import { type MeterToSettle, readingsBetween } from "#store/due-meters.ts";
import { type MeterLot, openLotsOf } from "#store/lots.ts";
import { termsOfMeters, tierCountsOf } from "#store/tariffs.ts";

/** What a meter has used since it was settled last, and what that costs whom. */
export type MeterCharge = {
  readonly meter: MeterToSettle;
  readonly indexWh: number;
  readonly indexAt: Instant;
  readonly usedWh: number;
} & (
  | { readonly payer: "nobody" }
  /** The balance of an account on the server: one line for each price. */
  | {
      readonly payer: "balance";
      readonly accountId: number;
      readonly amount: Money;
      readonly residue: number;
      readonly lines: readonly ChargeLine[];
    }
  /** Units that were bought before, at the price that they were bought at. */
  | { readonly payer: "lots"; readonly accountId: number; readonly taken: Consumption<MeterLot> }
);

/**
 * What due meters have used and what it costs, by the prices that held when it was used. Reads only; a meter whose register makes no
 * sense throws. What is between two readings is looked at more closely only where a price changes between them.
 */
export async function chargesOf(tx: Tx, due: readonly MeterToSettle[]): Promise<MeterCharge[]> {
  const inMeter = due.filter((meter) => payerOf(meter) === "lots").map((meter) => meter.id);
  const onServer = due.filter((meter) => payerOf(meter) === "balance").map((meter) => meter.id);
  const terms = await termsOfMeters(
    tx,
    due.filter((meter) => payerOf(meter) !== "nobody"),
  );
  const all = [...terms.values()].flat();
  const calendar = all.some((each) => each.terms.kind === "tou") ? await loadCalendar(tx) : new Map();
  const counts = await tierCountsOf(tx, all.some((each) => each.terms.kind === "tiered") ? onServer : []);
  const lots = await openLotsOf(tx, inMeter);
  const charges: MeterCharge[] = [];
  for (const meter of due) {
    const indexWh = meter.index_wh ?? 0;
    const indexAt = instant(meter.index_at);
    const fromWh = meter.settled_index_wh ?? indexWh;
    const usedWh = usedBetween(fromWh, indexWh) * meter.ratio;
    const seen = { meter, indexWh, indexAt, usedWh };
    const payer = payerOf(meter);
    if (payer === "nobody" || meter.account_id === null) {
      charges.push({ ...seen, payer: "nobody" });
      continue;
    }
    const own = terms.get(meter.id) ?? [];
    if (payer === "lots") {
      const taken = consume(lots.get(meter.id) ?? [], usedWh, priceShownAt(own, indexAt));
      charges.push({ ...seen, payer, accountId: meter.account_id, taken });
      continue;
    }
    const usage: Usage = {
      // A clock that was put back may have stamped the settled reading later than this one.
      readings: [
        { at: instant(Math.min(meter.settled_at, indexAt)), indexWh: fromWh },
        { at: indexAt, indexWh },
      ],
      ratio: meter.ratio,
      terms: own,
      calendar,
      residue: meter.settled_residue,
      tierCounts: (counts.get(meter.id) ?? [])
        .filter((count) => count.account_id === meter.account_id)
        .map(
          (count): TierCount => ({
            tariffId: count.tariff_id,
            periodAt: instant(count.period_at),
            usedWh: count.used_wh,
          }),
        ),
    };
    const { lines, amount, residue } = await chargedClosely(tx, meter.id, usage);
    charges.push({ ...seen, payer, accountId: meter.account_id, amount: money(amount), residue, lines });
  }
  return charges;
}

/** Who pays what a meter uses: public meters and those without an account are nobody's. */
function payerOf(meter: MeterToSettle): MeterCharge["payer"] {
  if (meter.account_id === null || meter.mode === "public") return "nobody";
  return meter.credit_at === "server" ? "balance" : "lots";
}

/** The one price that stands for a meter's terms at an instant. */
function priceShownAt(terms: readonly TermsFrom[], at: Instant) {
  return shownPrice(termsAt(terms, at).terms, null);
}

/** Charges a usage; where it would have to be split by time, the readings in between are fetched first and split it better. */
async function chargedClosely(tx: Tx, meterId: number, usage: Usage): Promise<ReturnType<typeof chargeUsage>> {
  const rough = chargeUsage(usage);
  const [first, last] = usage.readings;
  if (!rough.lines.some((line) => line.estimated) || first === undefined || last === undefined) return rough;
  const between = await readingsBetween(tx, { meterId, from: first.at, to: last.at });
  if (between.length === 0) return rough;
  const readings: Shown[] = readingLine(
    first,
    between.map((row) => ({ at: instant(row.measured_at), indexWh: row.value, isGood: row.isGood })),
    last,
  );
  return chargeUsage({ ...usage, readings });
}
