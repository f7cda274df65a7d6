import type { Exchange, ExchangePlaces, ExchangeQuery } from "#contract/devices.ts";
import type { Scope } from "#domain/permission.ts";
import { canTakeBack, profiles, topUpsMax } from "#protocol/profiles.ts";
import type { Tx } from "#store/db.ts";
import { exchangeView, exchangeViews, placesInScope } from "#store/device-pages.ts";

/** One exchange for a page, with what its old meter can do; null outside the scope. */
export function seeExchange(tx: Tx, scope: Scope, exchangeNo: string): Promise<Exchange | null> {
  return exchangeView(tx, scope, exchangeNo, canTakeBack);
}

/** Exchanges in the scope, the newest first. */
export function seeExchanges(tx: Tx, scope: Scope, query: ExchangeQuery & { limit: number }): Promise<Exchange[]> {
  return exchangeViews(tx, scope, query, canTakeBack);
}

/** Where a new meter may hang, and which models the system speaks. */
export async function seePlaces(tx: Tx, scope: Scope): Promise<ExchangePlaces> {
  const models = [...profiles.values()].flatMap(({ name, kind }) =>
    kind === "electricity" || kind === "water" ? [{ name, kind, inMeter: topUpsMax(name) !== null }] : [],
  );
  return { concentrators: await placesInScope(tx, scope), profiles: models };
}
