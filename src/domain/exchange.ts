/**
 * Steps of a meter exchange (换表). open: nothing has happened; asked: what a dead meter held waits for a second person; clearing: the old meter
 * was told to give up its credit; cleared: what goes into the new meter is known; reading: the new meter is in and has not
 * answered yet; loading: it was told what it is to hold. Stopped: a meter contradicts the books, and a person must look.
 */
export const exchangeStates = [
  "open",
  "asked",
  "clearing",
  "cleared",
  "reading",
  "loading",
  "done",
  "stopped",
  "cancelled",
] as const;
export type ExchangeState = (typeof exchangeStates)[number];

/** Whether the new meter may be put in: at once where no credit is in the old one, else when it is known what it held. */
export function maySwap(exchange: { state: ExchangeState; creditAt: "meter" | "server" | null }): boolean {
  return exchange.state === "cleared" || (exchange.state === "open" && exchange.creditAt !== "meter");
}

/** Why the new meter cannot be given its units yet, or not at all. */
export type LoadHindrance = "no_answer" | "index_differs" | "count_unknown" | "holds_more";

/** What the new meter has shown since it was put in. Energies in Wh or litres. */
export type NewMeterFacts = {
  readonly swappedAt: number;
  readonly indexAt: number;
  readonly isDoubted: boolean;
  readonly countAt: number;
  readonly count: number | null;
  readonly remainingAt: number;
  readonly remainingWh: number | null;
};

/**
 * What the new meter is still to be given so that it holds `carryWh`: what it came with counts. Its own purchase count was read before; the
 * next number goes on from there.
 */
export function loadOf(carryWh: number, meter: NewMeterFacts): { loadWh: number; count: number } | LoadHindrance {
  if (meter.isDoubted) return "index_differs";
  if (meter.indexAt <= meter.swappedAt) return "no_answer";
  if (meter.count === null || meter.countAt <= meter.swappedAt) return "count_unknown";
  if (meter.remainingWh === null || meter.remainingAt <= meter.swappedAt) return "count_unknown";
  const loadWh = carryWh - meter.remainingWh;
  return loadWh < 0 ? "holds_more" : { loadWh, count: meter.count };
}
