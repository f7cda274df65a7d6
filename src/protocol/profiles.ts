import { items188 } from "./cjt188/items.ts";
import { itemOf } from "./dlt645/items.ts";
import { MODE_AMOUNT } from "./dlt645/prepay.ts";
import { items97 } from "./dlt645v1997/items.ts";
import { sf97Items } from "./dlt645v1997/sf97.ts";
import { electricityProfiles } from "./profiles/electricity.ts";
import type { MeterProfile, TableName, TopUpForm } from "./profiles/profile.ts";
import { waterProfiles } from "./profiles/water.ts";

/**
 * Meter profiles: how one model of meter differs from the next, as data.
 *
 * To add a model:
 * 1. put a row into `profiles/electricity.ts` or `profiles/water.ts`, starting from the nearest existing one;
 * 2. put a captured question with its answer into `test/frames/<protocol>.json`: a row without a capture is a guess, and
 *    what no capture shows (how the switch closes, what proves it) stays `unproven` or null;
 * 3. identifiers that the protocol's table does not know get a row there (the maker's own table for makers' items).
 * The tests check that every item of every profile is in its table and that money is in the unit of the item.
 */
export const profiles: ReadonlyMap<string, MeterProfile> = new Map(
  [...electricityProfiles, ...waterProfiles].map((profile) => [profile.name, profile]),
);

export { MODE_AMOUNT };

/** The profile of that name; undefined when nobody here knows such a meter. */
export function profileOf(name: string): MeterProfile | undefined {
  return profiles.get(name);
}

/**
 * How units are sold into a meter of that model exactly once: it holds its credit in units, and the number of its last
 * purchase can be read before and after. Null for every other: money in the meter is no number of units, and without a
 * readable number a lost answer could not be told from a lost question.
 */
export function safeTopUp({ credit, reads }: MeterProfile): { form: TopUpForm; countMax: number } | null {
  if (credit.at !== "meter" || credit.unit === "fen" || reads.purchaseCount === undefined) return null;
  return { form: credit.topUp, countMax: credit.countMax };
}

/**
 * The most purchases that a model can count when units may be sold into it ({@link safeTopUp}); null when they may not, or
 * when nobody knows the model.
 */
export function topUpsMax(profile: string): number | null {
  const known = profiles.get(profile);
  return (known && safeTopUp(known)?.countMax) ?? null;
}

/** Whether units can be taken back from a model, or wiped, exactly once (JC1: deduct and clear). */
export function canTakeBack(profile: string): boolean {
  const known = profiles.get(profile);
  return known !== undefined && safeTopUp(known)?.form === "jc1";
}

/** Whether a model that holds its credit can be told to trip by it or only to count it, and shows which (JC1: set_mode). */
export function canSetMode(profile: string): boolean {
  return canTakeBack(profile);
}

/** Whether a model has a guard over the load (安全用电) that can be set, read and released. */
export function hasLoadGuard(profile: string): boolean {
  return (profiles.get(profile)?.loadGuard ?? null) !== null;
}

/** Whether what the model shows proves that supply is on or off. Without that nothing is cut off by a machine. */
export function provesSwitch(profile: string): boolean {
  return (profiles.get(profile)?.switch?.proof ?? null) !== null;
}

/** What a table calls an item; undefined when it does not know it. */
export function itemNameIn(table: TableName, di: string): string | undefined {
  switch (table) {
    case "dlt645-2007":
      return itemOf(di)?.name;
    case "dlt645-1997":
      return items97.get(di)?.name;
    case "sf97":
      return sf97Items.get(di)?.name;
    case "cjt188":
      return items188.get(di)?.name;
  }
}
