import type { Batch, BatchLines, BatchPreview, BatchPreviewRequest, BatchRequest } from "#contract/switch-batches.ts";
import { call, get } from "./api.ts";

const pathOf = (batchId: string): string => `/api/switch-batches/${encodeURIComponent(batchId)}`;

export const getBatches = (query: string) => get<BatchLines>(`/api/switch-batches?${query}`);
export const getBatch = (batchId: string) => get<Batch>(pathOf(batchId));
export const postBatchPreview = (request: BatchPreviewRequest) =>
  call<BatchPreview>("POST", "/api/switch-batches/preview", { body: request });
export const postBatch = (request: BatchRequest) => call<Batch>("POST", "/api/switch-batches", { body: request });
export const postBatchCancel = (batchId: string, reason: string) =>
  call<Batch>("POST", `${pathOf(batchId)}/cancel`, { body: { reason } });

/** Where the meters of a batch are taken out as a file. */
export const batchFilePath = (batchId: string): string => `${pathOf(batchId)}/file`;

/** Keys of what the pages keep about batches. */
export const batchKeys = {
  all: ["batches"] as const,
  list: (query: string) => ["batches", "list", query] as const,
  one: (batchId: string) => ["batches", "one", batchId] as const,
};
