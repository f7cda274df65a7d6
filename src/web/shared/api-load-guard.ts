import type { LoadGuard, LoadGuardRequest, ReleaseRequest } from "#contract/load-guard.ts";
import { call, get } from "./api.ts";

const path = (meterId: number) => `/api/meters/${meterId}/load-guard`;
export const getLoadGuard = (meterId: number) => get<LoadGuard>(path(meterId));
export const postLoadGuard = (meterId: number, body: LoadGuardRequest) =>
  call<LoadGuard>("POST", path(meterId), { body });
export const postRelease = (meterId: number, body: ReleaseRequest) =>
  call<LoadGuard>("POST", `${path(meterId)}/release`, { body });

/** The key of what the pages keep about load guards. */
export const loadGuardKey = (meterId: number) => ["meter", meterId, "load-guard"] as const;
