import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { MeterDetail } from "#contract/metering.ts";
import { getMeter } from "#web/shared/api.ts";
import { shortTime } from "#web/shared/format.ts";
import { keys } from "#web/shared/live-cache.ts";
import { Dialog } from "../../dialog.tsx";
import { Icon, StateIcon } from "../../icons.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useNarrow } from "../../use-narrow.ts";
import { DevicePart } from "../devices/device-part.tsx";
import { Actions } from "./actions.tsx";
import { Facts } from "./facts.tsx";
import { Events, Frames } from "./history.tsx";
import { LastDay } from "./last-day.tsx";
import { PricesPart, SupplyPart } from "./supply-part.tsx";
import "./drawer.css";

type DrawerProps = { meterId: number; onClose: () => void; onStep: (key: "ArrowLeft" | "ArrowRight") => void };

/** Everything about one meter, beside the board (on a phone: over it). */
export function MeterDrawer({ meterId, onClose, onStep }: DrawerProps) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const closer = useRef<HTMLButtonElement>(null);
  const meter = useQuery({ queryKey: keys.meter(meterId), queryFn: () => getMeter(meterId), refetchInterval: 60_000 });
  useEffect(() => closer.current?.focus({ preventScroll: true }), []);

  const label = meter.data?.tile.label ?? "";
  const content = (
    <>
      <div className="drawer-head">
        {narrow ? null : (
          <>
            <button
              type="button"
              className="icon-button"
              aria-label={t("meter.previous")}
              onClick={() => onStep("ArrowLeft")}
            >
              <Icon name="left" />
            </button>
            <button
              type="button"
              className="icon-button"
              aria-label={t("meter.next")}
              onClick={() => onStep("ArrowRight")}
            >
              <Icon name="right" />
            </button>
          </>
        )}
        <div className="drawer-name">
          <h2>{label}</h2>
          {meter.data ? (
            <p>{`${meter.data.tile.areaName} · ${t(`kind.${meter.data.tile.kind}`)} ${meter.data.tile.number}`}</p>
          ) : null}
        </div>
        <button
          type="button"
          ref={closer}
          className="icon-button"
          aria-label={t("meter.close")}
          onClick={onClose}
          data-autofocus=""
          data-testid="drawer-close"
        >
          <Icon name="close" size={20} />
        </button>
      </div>
      <div className="drawer-body" key={meterId}>
        {meter.data ? (
          <MeterContent meter={meter.data} />
        ) : meter.error ? (
          <FailedNotice error={meter.error} retry={() => void meter.refetch()} />
        ) : (
          <Loading rows={10} />
        )}
      </div>
    </>
  );
  const title = t("meter.title", { label });
  if (narrow) {
    return (
      <Dialog title={title} hideTitle kind="page" onClose={onClose} testId="meter-drawer">
        {content}
      </Dialog>
    );
  }
  return (
    <div
      className="drawer"
      role="dialog"
      aria-label={title}
      data-testid="meter-drawer"
      onKeyDown={(event) => {
        if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
        if (event.key === "Escape") onClose();
        else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
          event.preventDefault();
          onStep(event.key);
        }
      }}
    >
      {content}
    </div>
  );
}

function MeterContent({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const { tile } = meter;
  return (
    <>
      <div className="drawer-state">
        <span className={`state-pill state-${tile.state}`} data-testid="drawer-state" data-state={tile.state}>
          <StateIcon state={tile.state} />
          {t(`state.${tile.state}`)}
        </span>
        {tile.second === null ? null : (
          <span className={`state-pill state-${tile.second}`}>
            <StateIcon state={tile.second} />
            {t(`state.${tile.second}`)}
          </span>
        )}
        <span className="tag">{t(`mode.${tile.mode}`)}</span>
        {meter.supplyGuard ? <span className="tag">{t("meter.guard")}</span> : null}
      </div>
      {tile.reasons.length === 0 ? null : (
        <ul className="reasons" aria-label={t("meter.reasons")} data-testid="reasons">
          {tile.reasons.map((reason, at) => (
            <li key={reason} data-reason={reason}>
              {t(`reason.${reason}`)}
              {meter.reasonsSince[at] ? (
                <small data-testid="since" data-at={meter.reasonsSince[at]}>
                  {t("meter.since", { time: shortTime(meter.reasonsSince[at], Date.now()) })}
                </small>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      <Actions meter={meter} />
      <LastDay meterId={tile.meterId} />
      <Facts meter={meter} />
      <DevicePart meter={meter} />
      <SupplyPart meter={meter} />
      <PricesPart meter={meter} />
      <Events meter={meter} />
      <Frames meterId={tile.meterId} />
    </>
  );
}
