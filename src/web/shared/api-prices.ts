import type {
  ChangeRequest,
  MeterPrices,
  PriceChange,
  PricedMeter,
  Tariff,
  TariffRequest,
  Tariffs,
  WhatIf,
  WhatIfRequest,
} from "#contract/prices.ts";
import { call, get } from "./api.ts";

export const getTariffs = () => get<Tariffs>("/api/tariffs");
export const postTariff = (request: TariffRequest) => call<Tariff>("POST", "/api/tariffs", { body: request });
export const getMeterPrices = (meterId: number) => get<MeterPrices>(`/api/meters/${meterId}/prices`);
export const postPriceChange = (request: ChangeRequest) =>
  call<PriceChange>("POST", "/api/price-changes", { body: request });
export const postRevoke = (id: string, reason: string) =>
  call<PriceChange>("POST", `/api/price-changes/${encodeURIComponent(id)}/revoke`, { body: { reason } });
export const postWhatIf = (request: WhatIfRequest) =>
  call<WhatIf>("POST", "/api/price-changes/what-if", { body: request });

/** Changes of prices, newest first; `before` is the last one seen. */
export const getPriceChanges = (before: string | null) =>
  get<{ items: PriceChange[]; more: boolean }>(
    `/api/price-changes${before === null ? "" : `?${new URLSearchParams({ before })}`}`,
  );

/** Which meters of the price list are asked for; an empty text means all. `change` is a change of prices that is about them. */
export type MeterFilter = { areaId: string; kind: string; search: string; change: string };
export type PricedMeters = { items: PricedMeter[]; more: boolean; total: number };
export function getPricedMeters(filter: MeterFilter, after: number): Promise<PricedMeters> {
  const search = new URLSearchParams({ after: String(after) });
  for (const [name, value] of Object.entries(filter)) if (value !== "") search.set(name, value);
  return get<PricedMeters>(`/api/prices/meters?${search}`);
}

/** Keys of what the pages keep about prices. */
export const priceKeys = {
  all: ["prices"] as const,
  tariffs: ["prices", "tariffs"] as const,
  changes: ["prices", "changes"] as const,
  meters: (filter: MeterFilter) => ["prices", "meters", filter] as const,
  meter: (meterId: number) => ["prices", "meter", meterId] as const,
};
