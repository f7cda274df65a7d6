import type { CustomerDetail, CustomerHit, Statement, Timeline } from "#contract/customers.ts";
import type { AreaList } from "#contract/metering.ts";
import type { RechargeTotals } from "#contract/money.ts";
import type {
  Payment,
  PaymentPreview,
  PaymentPreviewRequest,
  PaymentRequest,
  SplitProposal,
  SplitRequest,
} from "#contract/payments.ts";
import type { CloseShiftRequest, CountRequest, ShiftCount, ShiftReport, Shifts } from "#contract/shifts.ts";
import { call, get } from "./api.ts";

export const getAreas = () => get<AreaList>("/api/areas");
export const getTotals = (filter: string) => get<RechargeTotals>(`/api/recharges/totals?${filter}`);

export const postSplit = (request: SplitRequest) =>
  call<SplitProposal>("POST", "/api/payments/split", { body: request });
export const postPaymentPreview = (request: PaymentPreviewRequest, signal?: AbortSignal) =>
  call<PaymentPreview>("POST", "/api/payments/preview", { body: request, signal });
export const postPayment = (request: PaymentRequest) => call<Payment>("POST", "/api/payments", { body: request });
export const getPayment = (paymentNo: string) => get<Payment>(`/api/payments/${encodeURIComponent(paymentNo)}`);
export const postPrint = (paymentNo: string, key: string) =>
  call<{ n: number }>("POST", `/api/payments/${encodeURIComponent(paymentNo)}/prints`, { body: { key } });

export const getShifts = (query: Readonly<Record<string, string>>) =>
  get<Shifts>(`/api/shifts?${new URLSearchParams(query)}`);
export const getShift = (shiftId: number) => get<ShiftReport>(`/api/shifts/${shiftId}`);
export const postShift = (request: { projectId: number; float: string }) =>
  call<ShiftReport>("POST", "/api/shifts", { body: request });
export const postCount = (shiftId: number, request: CountRequest) =>
  call<ShiftCount>("POST", `/api/shifts/${shiftId}/counts`, { body: request });
export const postShiftClose = (shiftId: number, request: CloseShiftRequest) =>
  call<ShiftReport>("POST", `/api/shifts/${shiftId}/close`, { body: request });

export const searchCustomers = (search: string, limit: number, signal?: AbortSignal) =>
  get<{ items: CustomerHit[]; more: boolean }>(
    `/api/customers?${new URLSearchParams({ search, limit: String(limit) })}`,
    signal,
  );
export const getCustomer = (customerId: number) => get<CustomerDetail>(`/api/customers/${customerId}`);
export const getTimeline = (customerId: number, before: string | null) =>
  get<Timeline>(`/api/customers/${customerId}/timeline?${new URLSearchParams(before === null ? {} : { before })}`);
export const getStatement = (roomId: number, period: { from: string; to: string }) =>
  get<Statement>(`/api/rooms/${roomId}/statement?${new URLSearchParams(period)}`);

/** Keys of what the pages keep about the desk. */
export const deskKeys = {
  areas: ["areas"] as const,
  /** Below `orders`, so that a new order asks for new sums. */
  totals: (filter: string) => ["order-totals", filter] as const,
  payment: (paymentNo: string) => ["payment", paymentNo] as const,
  paymentPreview: ["payment-preview"] as const,
  shifts: ["shifts"] as const,
  shiftList: (query: string) => ["shifts", "list", query] as const,
  shift: (shiftId: number) => ["shifts", "one", shiftId] as const,
  customers: (search: string) => ["customers", search] as const,
  customer: (customerId: number) => ["customer", customerId] as const,
  timeline: (customerId: number) => ["timeline", customerId] as const,
  statement: (roomId: number, from: string, to: string) => ["statement", roomId, from, to] as const,
};
