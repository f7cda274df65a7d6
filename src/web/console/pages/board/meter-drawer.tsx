import { usePrefetchQuery, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { MeterDetail, Tile } from "#contract/metering.ts";
import { getEvents, getFrames, getLastDay, getMeter, getWaitingCommands } from "#web/shared/api.ts";
import { Can } from "#web/shared/can.tsx";
import { shortTime } from "#web/shared/format.ts";
import { keys } from "#web/shared/live-cache.ts";
import { Dialog } from "../../dialog.tsx";
import { Icon, StateIcon } from "../../icons.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useNarrow } from "../../use-narrow.ts";
import { AlarmPart } from "../alarms/alarm-part.tsx";
import { DevicePart } from "../devices/device-part.tsx";
import { Actions } from "./actions.tsx";
import { Facts } from "./facts.tsx";
import { Events, Frames } from "./history.tsx";
import { LastDay } from "./last-day.tsx";
import { PricesPart, SupplyPart } from "./supply-part.tsx";
import { isOffline } from "./tile-words.ts";
import { Waiting } from "./waiting.tsx";
import "./drawer.css";

const LoadGuardPart = lazy(() =>
  import("../load-guard/load-guard-part.tsx").then((m) => ({ default: m.LoadGuardPart })),
);

type DrawerProps = {
  meterId: number;
  /** What the board knows of the meter already; it is shown until all is there. */
  known: Tile | undefined;
  onClose: () => void;
  onStep: (key: "ArrowLeft" | "ArrowRight") => void;
};

/** Everything about one meter, beside the board (on a phone: over it). */
export function MeterDrawer({ meterId, known, onClose, onStep }: DrawerProps) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const closer = useRef<HTMLButtonElement>(null);
  const meter = useQuery({ queryKey: keys.meter(meterId), queryFn: () => getMeter(meterId), refetchInterval: 60_000 });
  // Asked for together: the parts below would each begin only when the meter is there.
  usePrefetchQuery({ queryKey: keys.waiting(meterId), queryFn: () => getWaitingCommands(meterId) });
  usePrefetchQuery({ queryKey: keys.events(meterId), queryFn: () => getEvents(meterId) });
  usePrefetchQuery({ queryKey: keys.lastDay(meterId), queryFn: () => getLastDay(meterId) });
  usePrefetchQuery({ queryKey: keys.frames(meterId), queryFn: () => getFrames(meterId) });
  const tile = meter.data?.tile ?? known;
  useEffect(() => closer.current?.focus({ preventScroll: true }), []);

  const label = tile?.label ?? "";
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
          {tile ? <p>{`${tile.areaName} · ${t(`kind.${tile.kind}`)} ${tile.number}`}</p> : null}
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
        {meter.error && !meter.data ? (
          <FailedNotice error={meter.error} retry={() => void meter.refetch()} />
        ) : (
          <>
            {tile ? <MeterState tile={tile} meter={meter.data} /> : null}
            {meter.data ? <MeterContent meter={meter.data} /> : <Loading rows={10} />}
          </>
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

/** The state and its reasons; since when, only the meter itself tells. */
function MeterState({ tile, meter }: { tile: Tile; meter: MeterDetail | undefined }) {
  const { t } = useTranslation();
  return (
    <>
      <div className="drawer-state">
        <span className={`state-pill state-${tile.state}`} data-testid="drawer-state" data-state={tile.state}>
          <StateIcon state={isOffline(tile) ? "offline" : tile.state} />
          {t(isOffline(tile) ? "state.offline" : `state.${tile.state}`)}
        </span>
        {tile.second === null ? null : (
          <span className={`state-pill state-${tile.second}`}>
            <StateIcon state={tile.second} />
            {t(`state.${tile.second}`)}
          </span>
        )}
        <span className="tag">{t(`mode.${tile.mode}`)}</span>
        {meter?.supplyGuard ? <span className="tag">{t("meter.guard")}</span> : null}
      </div>
      {tile.reasons.length === 0 ? null : (
        <ul className="reasons" aria-label={t("meter.reasons")} data-testid="reasons">
          {tile.reasons.map((reason, at) => (
            <li key={reason} data-reason={reason}>
              {t(`reason.${reason}`)}
              {meter?.reasonsSince[at] ? (
                <small data-testid="since" data-at={meter.reasonsSince[at]}>
                  {t("meter.since", { time: shortTime(meter.reasonsSince[at], Date.now()) })}
                </small>
              ) : null}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function MeterContent({ meter }: { meter: MeterDetail }) {
  return (
    <>
      <Actions meter={meter} />
      <Waiting meter={meter} />
      <AlarmPart meter={meter} />
      <Suspense>
        <LoadGuardPart meter={meter} />
      </Suspense>
      <LastDay meterId={meter.tile.meterId} />
      <Facts meter={meter} />
      <DevicePart meter={meter} />
      <SupplyPart meter={meter} />
      <Can do="price.see">
        <PricesPart meter={meter} />
      </Can>
      <Events meter={meter} />
      <Frames meterId={meter.tile.meterId} />
    </>
  );
}
