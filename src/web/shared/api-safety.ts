import type {
  AccountSafety,
  OwnSessions,
  ProofRequest,
  RecoveryCodes,
  SafetySettings,
  SafetySettingsRequest,
  TotpSecret,
} from "#contract/safety.ts";
import { call, get } from "./api.ts";

export const getAccountSafety = () => get<AccountSafety>("/api/session/security");
export const postProof = (request: ProofRequest) => call<unknown>("POST", "/api/session/proof", { body: request });
export const postTotp = (request: ProofRequest) => call<TotpSecret>("POST", "/api/session/totp", { body: request });
export const postTotpConfirm = (code: string) =>
  call<RecoveryCodes>("POST", "/api/session/totp/confirm", { body: { code } });
export const postTotpRemove = (code: string) => call<unknown>("POST", "/api/session/totp/remove", { body: { code } });
export const postRecoveryCodes = (code: string) =>
  call<RecoveryCodes>("POST", "/api/session/totp/recovery-codes", { body: { code } });
export const getOwnSessions = () => get<OwnSessions>("/api/sessions");
export const deleteSession = (id: string) =>
  call<{ ended: number }>("DELETE", `/api/sessions/${encodeURIComponent(id)}`, {});
export const postEndOthers = () => call<{ ended: number }>("POST", "/api/sessions/end-others", { body: {} });
export const getSafetySettings = () => get<SafetySettings>("/api/security-settings");
export const postSafetySettings = (request: SafetySettingsRequest) =>
  call<SafetySettings>("POST", "/api/security-settings", { body: request });

/** Keys of what the pages keep about the safety of accounts. */
export const safetyKeys = {
  account: ["safety", "account"] as const,
  sessions: ["safety", "sessions"] as const,
  settings: ["safety", "settings"] as const,
};
