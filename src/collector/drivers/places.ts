import { LOAD_GUARD_DI } from "#protocol/dlt645/load-guard.ts";
import type { MeterProfile, Reads } from "#protocol/profiles/profile.ts";
import type { Driver, Item } from "./driver.ts";

/**
 * Where a model keeps what we ask. Credit in money is left out: it is no number of units, and nothing is sold into such
 * a meter. A place that tells the whole state of purchases at once is asked instead of its parts.
 */
export function placesOf(profile: MeterProfile): Pick<Driver, "placeOf" | "overdraftPlace"> {
  const { reads, credit } = profile;
  const inUnits = credit.at === "meter" && credit.unit !== "fen";
  const state = inUnits ? reads.purchaseState : undefined;
  const places: Record<Item, string | undefined> = {
    index: indexPlace(reads),
    remaining: inUnits ? (state ?? reads.remaining) : undefined,
    count: credit.at === "meter" ? (state ?? reads.purchaseCount) : undefined,
    before: inUnits ? reads.before : undefined,
    status: profile.switch === null ? undefined : reads.status,
    voltage: reads.voltage,
    current: reads.current,
    power: reads.power,
    loadGuard: profile.loadGuard === null ? undefined : LOAD_GUARD_DI.state,
    loadGuardSettings: profile.loadGuard === null ? undefined : LOAD_GUARD_DI.settings,
  };
  return {
    placeOf: (item) => places[item] ?? null,
    overdraftPlace: inUnits && state === undefined ? (reads.overdraft ?? null) : null,
  };
}

function indexPlace(reads: Reads): string | undefined {
  return reads.energyTotal ?? reads.volume;
}
