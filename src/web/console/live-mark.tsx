import { useTranslation } from "react-i18next";
import { clockTime } from "#web/shared/format.ts";
import { useLiveStatus } from "./use-live.tsx";
import { useNarrow } from "./use-narrow.ts";

/** 「数据更新于 15:45:12 · 实时」, or amber when the page no longer hears the server: a stale board never looks live. */
export function LiveMark() {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const { state, asOf } = useLiveStatus();
  const time = asOf === null ? "" : clockTime(asOf);
  const text =
    state === "connecting"
      ? t("live.connecting")
      : state === "live"
        ? t(narrow ? "live.short" : "live.live", { time })
        : asOf === null || narrow
          ? t("live.lost")
          : t("live.lostSince", { time });
  return (
    <div className={`live live-${state}`} data-testid="live-mark" data-state={state} title={text}>
      <span className="live-dot" aria-hidden="true" />
      <span className="live-text">{text}</span>
      <span className="unseen" role="status">
        {state === "lost" ? t("live.lost") : ""}
      </span>
    </div>
  );
}
