import type {
  Exchange,
  ExchangePlaces,
  ExchangeRequest,
  MeterDevice,
  ModeChange,
  ModePreview,
  ModeRequest,
  RatioChange,
  RatioRequest,
  StateOldRequest,
  SwapRequest,
} from "#contract/devices.ts";
import type { MeterMode } from "#domain/meter-mode.ts";
import { call, get } from "./api.ts";

export type ExchangeView = { open: boolean; search: string };
export type ExchangeStep = "clear-old" | "state-old" | "swap" | "cancel" | "recheck";

/** The part of an address that says which exchanges are meant. */
export function exchangeFilter({ open, search }: ExchangeView): string {
  return new URLSearchParams({ open: open ? "yes" : "no", ...(search === "" ? {} : { search }) }).toString();
}

export const getExchanges = (view: ExchangeView) =>
  get<{ items: Exchange[]; more: boolean }>(`/api/exchanges?${exchangeFilter(view)}`);
export const getExchange = (exchangeNo: string) => get<Exchange>(`/api/exchanges/${encodeURIComponent(exchangeNo)}`);
export const getPlaces = () => get<ExchangePlaces>("/api/exchanges/places");
export const postExchange = (request: ExchangeRequest) => call<Exchange>("POST", "/api/exchanges", { body: request });
export const postStep = (
  exchangeNo: string,
  step: ExchangeStep,
  body: StateOldRequest | SwapRequest | { reason: string } | Record<string, never>,
) => call<Exchange>("POST", `/api/exchanges/${encodeURIComponent(exchangeNo)}/${step}`, { body });

export const getDevice = (meterId: number) => get<MeterDevice>(`/api/meters/${meterId}/device`);
export const postRatio = (meterId: number, request: RatioRequest) =>
  call<RatioChange>("POST", `/api/meters/${meterId}/ratio`, { body: request });
export const postCarryOut = (changeNo: string, index: string | null) =>
  call<RatioChange>("POST", `/api/ratio-changes/${encodeURIComponent(changeNo)}/carry-out`, { body: { index } });
export const postRatioWithdraw = (changeNo: string) =>
  call<RatioChange>("POST", `/api/ratio-changes/${encodeURIComponent(changeNo)}/withdraw`, { body: {} });
export const getModePreview = (meterId: number, to: MeterMode) =>
  get<ModePreview>(`/api/meters/${meterId}/mode-preview?to=${to}`);
export const postMode = (meterId: number, request: ModeRequest) =>
  call<ModeChange>("POST", `/api/meters/${meterId}/mode`, { body: request });
/** Looks at a stopped change again, or takes one back that was not sent. */
export const postModeEnd = (meterId: number, how: "recheck" | "withdraw", reason: string) =>
  call<ModeChange>("POST", `/api/meters/${meterId}/mode/${how}`, { body: { reason } });

/** Keys of what the pages keep about devices. */
export const deviceKeys = {
  exchanges: (view: ExchangeView) => ["exchanges", view] as const,
  exchange: (exchangeNo: string) => ["exchange", exchangeNo] as const,
  places: ["exchange-places"] as const,
  meter: (meterId: number) => ["meter", meterId, "device"] as const,
  mode: (meterId: number, to: MeterMode) => ["meter", meterId, "mode", to] as const,
};
