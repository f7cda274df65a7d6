import { notifyManager, type Query, type QueryCache, useQueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";
import { failureText } from "#web/shared/failure-text.ts";
import { shortTime } from "#web/shared/format.ts";
import { useLiveStatus } from "./use-live.tsx";

/**
 * Above every page that shows what it loaded before and could not load again: as of when that is, why, and the way to try again. What was
 * never loaded says so in its own place.
 */
export function OutdatedBanner() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const cache = client.getQueryCache();
  const live = useLiveStatus();
  const { pathname } = useLocation();
  const subscribe = useCallback((tell: () => void) => cache.subscribe(notifyManager.batchCalls(tell)), [cache]);
  const oldest = useSyncExternalStore(subscribe, () => oldestOutdated(cache));
  if (oldest === null || (pathname === "/" && live.state === "lost")) return null; // the board says by itself that nobody is heard
  const { sentence, requestId } = failureText(oldest.state.error);
  const again = () => void client.refetchQueries({ type: "active", predicate: isOutdated });
  return (
    <div className="banner banner-warn guard-banner outdated-banner" role="status" data-testid="outdated-banner">
      <span>
        {t("live.outdated", { time: shortTime(asOf(oldest), Date.now()) })} <small>{sentence}</small>
        {requestId === null || sentence.includes(requestId) ? null : (
          <small> {t("failure.requestId", { id: requestId })}</small>
        )}
      </span>
      <button type="button" className="plain-button" onClick={again} data-testid="outdated-again">
        {t("failure.retry")}
      </button>
    </div>
  );
}

/** What came before and could not be loaded again. That more of a list could not be had makes nothing of it old. */
function isOutdated({ state }: Query): boolean {
  return state.status === "error" && state.data !== undefined && state.fetchMeta?.fetchMore === undefined;
}

/** The oldest of what is on screen and outdated; null when all of it is fresh. */
function oldestOutdated(cache: QueryCache): Query | null {
  const [first, ...others] = cache.findAll({ type: "active", predicate: isOutdated });
  return others.reduce<Query | null>(
    (oldest, each) => (oldest && asOf(oldest) <= asOf(each) ? oldest : each),
    first ?? null,
  );
}

/** As of when: by the server's own time where it tells one, else when it came. */
function asOf({ state }: Query): number {
  return saidAsOf(state.data) ?? state.dataUpdatedAt;
}

/** Of a list that came page by page, the first of them tells. */
function saidAsOf(data: unknown): number | null {
  if (typeof data !== "object" || data === null) return null;
  if ("pages" in data && Array.isArray(data.pages)) return saidAsOf(data.pages[0]);
  return "asOf" in data && typeof data.asOf === "number" ? data.asOf : null;
}
