import type { EndDifferenceRequest, ReconcilePage, Reconciliation } from "#contract/reconcile.ts";
import { call, get } from "./api.ts";

export type DifferenceView = { state: "open" | "ended"; kind: string | null };

export const getReconciliation = ({ state, kind }: DifferenceView) =>
  get<ReconcilePage>(`/api/reconciliation?${new URLSearchParams({ state, ...(kind === null ? {} : { kind }) })}`);
export const postReconciliation = () => call<Reconciliation>("POST", "/api/reconciliation", { body: {} });
export const postDifferenceEnd = (id: string, what: "explain" | "correct", request: EndDifferenceRequest) =>
  call<void>("POST", `/api/differences/${encodeURIComponent(id)}/${what}`, { body: request });

/** Keys of what the pages keep about the reconciliation. */
export const reconcileKeys = {
  all: ["reconciliation"] as const,
  page: (view: DifferenceView) => ["reconciliation", view] as const,
};
