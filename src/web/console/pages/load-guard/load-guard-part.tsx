import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LoadGuard } from "#contract/load-guard.ts";
import type { MeterDetail } from "#contract/metering.ts";
import { isWatching } from "#domain/load-guard.ts";
import { getLoadGuard, loadGuardKey } from "#web/shared/api-load-guard.ts";
import { Can, useCan } from "#web/shared/can.tsx";
import { dateTime, MISSING } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";
import { CommandProgress } from "../board/command-progress.tsx";
import { ReleaseDialog } from "./release-dialog.tsx";
import { SettingsDialog } from "./settings-dialog.tsx";
import { limitsText, minuteText } from "./words.ts";
import "./load-guard.css";

/** What the meter's own guard over the load (安全用电) watches for, what it did, and letting go of it after a visit. Nothing for models without one. */
export function LoadGuardPart({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { meterId } = meter.tile;
  const [doing, setDoing] = useState<"set" | "release" | null>(null);
  const [commandId, setCommandId] = useState<string | null>(null);
  const mayRelease = useCan("loadguard.release");
  const found = useQuery({ queryKey: loadGuardKey(meterId), queryFn: () => getLoadGuard(meterId) });
  const guard = found.data;
  const done = (seen: LoadGuard): void => {
    client.setQueryData(loadGuardKey(meterId), seen);
    void client.invalidateQueries({ queryKey: ["meter", meterId] });
    setCommandId(seen.asked?.commandId ?? null);
    setDoing(null);
  };
  if (found.error && guard === undefined) return <FailedLine error={found.error} retry={() => void found.refetch()} />;
  if (guard === undefined || !guard.able) return null;
  const { shown, settings } = guard;
  const state = shown?.state ?? "free";
  return (
    <section
      className="drawer-part load-guard"
      aria-label={t("loadGuard.section")}
      data-testid="load-guard"
      data-state={state}
    >
      <h3>{t("loadGuard.section")}</h3>
      {state === "free" ? null : (
        <div className={`banner ${state === "locked" ? "banner-error" : "banner-warn"}`} data-testid="load-guard-held">
          <b>{t(`loadGuard.states.${state}`)}</b>
          <p>
            {state === "locked"
              ? t(mayRelease ? "loadGuard.lockedLead" : "loadGuard.lockedAsk")
              : t("loadGuard.waitingLead", { time: shown?.closesAt ? dateTime(shown.closesAt) : MISSING })}
          </p>
        </div>
      )}
      <dl className="facts">
        <dt>{t("loadGuard.watches")}</dt>
        <dd data-testid="load-guard-limits">
          <b>{isWatching(settings) ? limitsText(settings, t).join(" · ") : t("loadGuard.off")}</b>
          {isWatching(settings) ? (
            <small>{t("loadGuard.rule", { minutes: settings.offMinutes, trips: settings.tripsMax })}</small>
          ) : null}
          {settings.maliciousW > 0 && settings.exemptFrom !== settings.exemptTo ? (
            <small>
              {t("loadGuard.exempt", { from: minuteText(settings.exemptFrom), to: minuteText(settings.exemptTo) })}
            </small>
          ) : null}
          {guard.inMeter ? (
            guard.toldAt === 0 ? null : (
              <small data-testid="load-guard-in-meter">
                {t("loadGuard.inMeter", { time: dateTime(guard.toldAt) })}
              </small>
            )
          ) : (
            <small className="bad">{t("loadGuard.notInMeter")}</small>
          )}
        </dd>
        {shown === null ? null : (
          <>
            <dt>{t("loadGuard.trips")}</dt>
            <dd data-testid="load-guard-trips" data-trips={shown.trips} data-total={shown.total}>
              <b>{t("loadGuard.tripsCount", { trips: shown.trips, max: settings.tripsMax, total: shown.total })}</b>
              <small>{t("loadGuard.asOf", { time: dateTime(shown.seenAt) })}</small>
            </dd>
            {shown.trippedAt === null || shown.cause === null ? null : (
              <>
                <dt>{t("loadGuard.last")}</dt>
                <dd data-testid="load-guard-last" data-cause={shown.cause}>
                  <b>{t(`cause.${shown.cause}`)}</b> {t("loadGuard.lastLoad", { power: shown.powerW })}
                  <small>{dateTime(shown.trippedAt)}</small>
                </dd>
              </>
            )}
          </>
        )}
      </dl>
      {commandId === null ? null : <CommandProgress id={commandId} onDismiss={() => setCommandId(null)} />}
      <div className="row-buttons">
        {state === "locked" ? (
          <Can do="loadguard.release">
            <Button type="primary" danger onClick={() => setDoing("release")} data-testid="load-guard-release">
              {t("loadGuard.release")}
            </Button>
          </Can>
        ) : null}
        <Can do="loadguard.set">
          <Button onClick={() => setDoing("set")} data-testid="load-guard-set">
            {t("loadGuard.set")}
          </Button>
        </Can>
      </div>
      {doing === "set" ? (
        <SettingsDialog meter={meter} guard={guard} onDone={done} onClose={() => setDoing(null)} />
      ) : null}
      {doing === "release" ? (
        <ReleaseDialog meter={meter} guard={guard} onDone={done} onClose={() => setDoing(null)} />
      ) : null}
    </section>
  );
}
