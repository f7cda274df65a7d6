import type { Trial, TrialMade, TrialPlan, TrialRequest, Trials, TrialVerdict } from "#contract/trials.ts";
import { call, get } from "./api.ts";

const one = (trialNo: string) => `/api/trials/${encodeURIComponent(trialNo)}`;

export const getTrials = (query: string) => get<Trials>(`/api/trials?${query}`);
export const getTrial = (trialNo: string) => get<Trial>(one(trialNo));
export const getTrialPlan = (query: string) => get<TrialPlan>(`/api/trials/plan?${query}`);
export const getTrialVerdict = (trialNo: string, code: string) =>
  get<TrialVerdict>(`${one(trialNo)}/verify?code=${encodeURIComponent(code)}`);
export const postTrial = (request: TrialRequest) => call<TrialMade>("POST", "/api/trials", { body: request });
export const postTrialCancel = (trialNo: string, reason: string) =>
  call<Trial>("POST", `${one(trialNo)}/cancel`, { body: { reason } });
export const postTrialRepeat = (trialNo: string, body: { meterIds: number[] | null; switchTest: boolean }) =>
  call<Trial>("POST", `${one(trialNo)}/repeat`, { body });
export const postTrialSign = (trialNo: string, note: string) =>
  call<Trial>("POST", `${one(trialNo)}/sign`, { body: { note } });

/** Where the report of a run is. */
export const trialFile = (trialNo: string): string => `${one(trialNo)}/file`;

/** Keys of what the pages keep about trial runs. */
export const trialKeys = {
  all: ["trials"] as const,
  list: (query: string) => ["trials", "list", query] as const,
  one: (trialNo: string) => ["trials", "one", trialNo] as const,
  plan: (query: string) => ["trials", "plan", query] as const,
};
