import i18next from "i18next";
import { type ErrorCode, type ErrorDetails, errors, errorText } from "#base/errors.ts";
import { ApiError } from "./api.ts";
import { currentLanguage } from "./i18n.ts";

/** A sentence for a failed call in the language of the page, and the number to tell the administrator, if any. */
export function failureText(error: unknown): { sentence: string; requestId: string | null } {
  if (!(error instanceof ApiError)) return { sentence: i18next.t("failure.title"), requestId: null };
  const { failure } = error;
  if (failure.kind === "network") return { sentence: i18next.t("failure.network"), requestId: null };
  if (failure.kind === "unreadable") return { sentence: i18next.t("failure.unreadable"), requestId: null };
  const { code, message, details, requestId } = failure.refusal;
  if (!isKnown(code)) return { sentence: message, requestId };
  return {
    sentence: errorText(code, { requestId, ...details }, currentLanguage() === "en" ? "en" : "zh"),
    requestId,
  };
}

/** A sentence for a refusal that was kept, like the reason why a job failed. */
export function problemText({ code, details }: { code: string; details: ErrorDetails }): string {
  return isKnown(code) ? errorText(code, details, currentLanguage() === "en" ? "en" : "zh") : code;
}

function isKnown(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code);
}
