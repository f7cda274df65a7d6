import type {
  ClearRequest,
  Refund,
  RefundOptions,
  RefundPreview,
  RefundPreviewRequest,
  RefundRequest,
  Refunds,
  RefundTotals,
  WriteOffRequest,
} from "#contract/refunds.ts";
import { call, get } from "./api.ts";

const one = (refundNo: string, what = "") => `/api/refunds/${encodeURIComponent(refundNo)}${what}`;

export const getRefundOptions = (meterId: number) => get<RefundOptions>(`/api/refunds/options?meterId=${meterId}`);
export const postRefundPreview = (request: RefundPreviewRequest, signal?: AbortSignal) =>
  call<RefundPreview>("POST", "/api/refunds/preview", { body: request, signal });
export const postRefund = (request: RefundRequest) => call<Refund>("POST", "/api/refunds", { body: request });
export const postClear = (request: ClearRequest) => call<Refund>("POST", "/api/refunds/clear", { body: request });
export const postWriteOff = (request: WriteOffRequest) =>
  call<Refund>("POST", "/api/refunds/write-off", { body: request });

export const getRefund = (refundNo: string) => get<Refund>(one(refundNo));
export const getRefundsOfOrder = (orderNo: string) =>
  get<Refunds>(`/api/refunds?${new URLSearchParams({ orderNo, limit: "20" })}`);
/** Refunds that a filter holds; `filter` is the query as in the address of the refunds page. */
export function getRefundsBy(filter: string, { before, limit }: { before: string | null; limit: number }) {
  const search = new URLSearchParams(filter);
  search.set("limit", String(limit));
  if (before !== null) search.set("before", before);
  return get<Refunds>(`/api/refunds?${search}`);
}
export const getRefundTotals = (filter: string) => get<RefundTotals>(`/api/refunds/totals?${filter}`);

export const postPayout = (refundNo: string, note: string) =>
  call<Refund>("POST", one(refundNo, "/payout"), { body: { note } });
export const postRefundWithdraw = (refundNo: string, reason: string) =>
  call<Refund>("POST", one(refundNo, "/withdraw"), { body: { reason } });
export const postRefundRecheck = (refundNo: string, reason: string) =>
  call<Refund>("POST", one(refundNo, "/recheck"), { body: { reason } });
export const postReplacement = (refundNo: string, orderNo: string) =>
  call<Refund>("POST", one(refundNo, "/replacement"), { body: { orderNo } });
export const postRefundPrint = (refundNo: string, key: string) =>
  call<{ n: number }>("POST", one(refundNo, "/prints"), { body: { key } });

/** Keys of what the pages keep about refunds; all below `refunds`, so that whatever changes one asks for all anew. */
export const refundKeys = {
  all: ["refunds"] as const,
  one: (refundNo: string) => ["refunds", "one", refundNo] as const,
  list: (filter: string) => ["refunds", "list", filter] as const,
  totals: (filter: string) => ["refunds", "totals", filter] as const,
  ofOrder: (orderNo: string) => ["refunds", "order", orderNo] as const,
  options: (meterId: number) => ["refunds", "options", meterId] as const,
  preview: ["refund-preview"] as const,
};
