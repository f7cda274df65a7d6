import type { OffGuard, OffGuardRequest } from "#contract/off-guard.ts";
import { call, get } from "./api.ts";

export const getOffGuard = () => get<OffGuard>("/api/off-guard");
export const postOffStop = (request: OffGuardRequest) =>
  call<undefined>("POST", "/api/off-guard/stop", { body: request });
export const postOffRelease = (request: OffGuardRequest) =>
  call<{ released: boolean }>("POST", "/api/off-guard/release", { body: request });

/** Key of what the pages keep about the guard over trips. */
export const offGuardKey = ["off-guard"] as const;
