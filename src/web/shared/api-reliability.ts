import type { Quarantine, QuarantineRequest, Reliability } from "#contract/reliability.ts";
import { call, get } from "./api.ts";

export const getReliability = () => get<Reliability>("/api/reliability");
export const getQuarantine = () => get<Quarantine>("/api/quarantine");
export const postMeterRelease = (meterId: number, request: QuarantineRequest) =>
  call<undefined>("POST", `/api/quarantine/meters/${meterId}/release`, { body: request });
export const postTripRelease = (request: QuarantineRequest) =>
  call<{ released: boolean }>("POST", "/api/quarantine/trips/release", { body: request });

/** Keys of what the pages keep about reliability and quarantine. */
export const reliabilityKey = ["reliability"] as const;
export const quarantineKey = ["quarantine"] as const;
