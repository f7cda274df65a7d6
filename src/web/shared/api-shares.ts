import type {
  Boxes,
  BoxRequest,
  HvacInputRequest,
  HvacInputs,
  HvacUnit,
  HvacUnitRequest,
  SharePreview,
  SharePreviewRequest,
  ShareRuleRequest,
  ShareRunAnswer,
  ShareRunRequest,
  ShareSheet,
  ShareSourceDetail,
  ShareSourceRow,
} from "#contract/shares.ts";
import { call, get } from "./api.ts";

export type ShareKind = "box" | "hvac";

export const getShareSources = (kind: ShareKind) =>
  get<{ items: ShareSourceRow[] }>(`/api/shares/sources?kind=${kind}`);
export const getShareSource = (meterId: number) => get<ShareSourceDetail>(`/api/shares/sources/${meterId}`);
export const getShareSheet = (runId: string) => get<ShareSheet>(`/api/shares/runs/${encodeURIComponent(runId)}`);
export const postSharePreview = (request: SharePreviewRequest) =>
  call<SharePreview>("POST", "/api/shares/preview", { body: request });
export const postShareRule = (request: ShareRuleRequest) =>
  call<ShareSourceDetail>("POST", "/api/shares/rules", { body: request });
export const postShareRun = (request: ShareRunRequest) =>
  call<ShareRunAnswer>("POST", "/api/shares/runs", { body: request });

export const getBoxes = () => get<Boxes>("/api/boxes");
export const postBox = (request: BoxRequest) => call<{ boxId: number }>("POST", "/api/boxes", { body: request });
export const getHvacInputs = (outdoorMeterId: number, day: string) =>
  get<HvacInputs>(`/api/hvac/inputs?outdoorMeterId=${outdoorMeterId}&day=${day}`);
export const postHvacInputs = (request: HvacInputRequest) =>
  call<{ changed: number }>("POST", "/api/hvac/inputs", { body: request });
export const postHvacUnit = (request: HvacUnitRequest) => call<HvacUnit>("POST", "/api/hvac/units", { body: request });

/** Keys of what the pages keep about shares. */
export const shareKeys = {
  all: ["shares"] as const,
  sources: (kind: ShareKind) => ["shares", "sources", kind] as const,
  source: (meterId: number) => ["shares", "source", meterId] as const,
  sheet: (runId: string) => ["shares", "sheet", runId] as const,
  meter: (meterId: number) => ["shares", "meter", meterId] as const,
  boxes: ["shares", "boxes"] as const,
  inputs: (meterId: number, day: string) => ["shares", "inputs", meterId, day] as const,
};
