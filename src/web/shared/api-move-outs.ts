import type {
  ClearedRequest,
  FinalReadingRequest,
  FinishRequest,
  MovedIn,
  MoveInRequest,
  MoveOut,
  MoveOutRequest,
  MoveOuts,
  OverrideRequest,
  Tenant,
} from "#contract/move-outs.ts";
import { call, get } from "./api.ts";

export const getTenant = (meterId: number) => get<Tenant>(`/api/move-outs/tenant?meterId=${meterId}`);
export const getMoveOut = (moveOutNo: string) => get<MoveOut>(at(moveOutNo));
export const getMoveOuts = (filter: string, before: string | null) => {
  const search = new URLSearchParams(filter);
  if (before !== null) search.set("before", before);
  return get<MoveOuts>(`/api/move-outs?${search}`);
};
export const postMoveOut = (body: MoveOutRequest) => call<MoveOut>("POST", "/api/move-outs", { body });
export const postReadAgain = (moveOutNo: string, meterId: number) =>
  call<MoveOut>("POST", `${at(moveOutNo)}/meters/${meterId}/read`, { body: {} });
export const postFinalReading = (moveOutNo: string, meterId: number, body: FinalReadingRequest) =>
  call<MoveOut>("POST", `${at(moveOutNo)}/meters/${meterId}/reading`, { body });
export const postOverride = (moveOutNo: string, meterId: number, body: OverrideRequest) =>
  call<MoveOut>("POST", `${at(moveOutNo)}/meters/${meterId}/override`, { body });
export const postCleared = (moveOutNo: string, meterId: number, body: ClearedRequest) =>
  call<MoveOut>("POST", `${at(moveOutNo)}/meters/${meterId}/cleared`, { body });
export const postConfirm = (moveOutNo: string, rev: number) =>
  call<MoveOut>("POST", `${at(moveOutNo)}/confirm`, { body: { rev } });
export const postCancel = (moveOutNo: string, reason: string) =>
  call<MoveOut>("POST", `${at(moveOutNo)}/cancel`, { body: { reason } });
export const postRetry = (moveOutNo: string, reason: string) =>
  call<MoveOut>("POST", `${at(moveOutNo)}/retry`, { body: { reason } });
export const postFinish = (moveOutNo: string, body: FinishRequest) =>
  call<MoveOut>("POST", `${at(moveOutNo)}/finish`, { body });
export const postMoveIn = (body: MoveInRequest) => call<MovedIn>("POST", "/api/move-ins", { body });

function at(moveOutNo: string): string {
  return `/api/move-outs/${encodeURIComponent(moveOutNo)}`;
}

/** Keys of what the pages keep about move-outs. */
export const moveOutKeys = {
  all: ["move-outs"] as const,
  list: (filter: string) => ["move-outs", "list", filter] as const,
  one: (moveOutNo: string) => ["move-outs", "one", moveOutNo] as const,
  tenant: (meterId: number) => ["move-outs", "tenant", meterId] as const,
};
