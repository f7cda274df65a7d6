import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { MeterDetail, MeterFrame } from "#contract/metering.ts";
import { getEvents, getFrames } from "#web/shared/api.ts";
import { copyText } from "#web/shared/copy-text.ts";
import { dateTime } from "#web/shared/format.ts";
import { keys } from "#web/shared/live-cache.ts";
import { Icon } from "../../icons.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { eventFigures } from "./event-figures.ts";

/** What happened to the meter, newest first. */
export function Events({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const { meterId, kind } = meter.tile;
  const events = useQuery({ queryKey: keys.events(meterId), queryFn: () => getEvents(meterId) });
  return (
    <section className="drawer-part" aria-label={t("meter.events")}>
      <h3>{t("meter.events")}</h3>
      {events.data === undefined ? (
        events.error ? (
          <FailedNotice error={events.error} retry={() => void events.refetch()} />
        ) : (
          <Loading rows={3} />
        )
      ) : events.data.items.length === 0 ? (
        <p className="empty-line">{t("meter.eventsEmpty")}</p>
      ) : (
        <ul className="events" data-testid="events">
          {events.data.items.map((event) => (
            <li key={event.id} className={`event event-${event.severity}`} data-kind={event.kind}>
              <span className="event-kind">
                <span className="event-dot" title={t(`meter.severity.${event.severity}`)} />
                {t(`event.${event.kind}`)}
              </span>
              <time>{dateTime(event.at)}</time>
              <span className="event-detail">{eventFigures(event, kind).join(" · ")}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The last frames in hex, each with what it means. */
export function Frames({ meterId }: { meterId: number }) {
  const { t } = useTranslation();
  const frames = useQuery({ queryKey: keys.frames(meterId), queryFn: () => getFrames(meterId) });
  return (
    <section className="drawer-part" aria-label={t("meter.frames")}>
      <h3>{t("meter.frames")}</h3>
      {frames.data === undefined ? (
        frames.error ? (
          <FailedNotice error={frames.error} retry={() => void frames.refetch()} />
        ) : (
          <Loading rows={2} />
        )
      ) : frames.data.items.length === 0 ? (
        <p className="empty-line">{t("meter.framesEmpty")}</p>
      ) : (
        <div className="frames" data-testid="frames">
          {frames.data.items.map((frame, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two frames may have the same millisecond and bytes
            <Frame key={`${frame.at}-${frame.direction}-${at}`} frame={frame} />
          ))}
        </div>
      )}
    </section>
  );
}

function Frame({ frame }: { frame: MeterFrame }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    setCopied(await copyText(frame.hex));
  };
  return (
    <details className={`frame frame-${frame.direction}`}>
      <summary>
        <span className="frame-direction">{t(`meter.direction.${frame.direction}`)}</span>
        <span className="frame-first">
          {frame.direction === "silence" ? "" : (gist(frame.explained) ?? t("meter.notExplained"))}
        </span>
        <time>{dateTime(frame.at)}</time>
      </summary>
      {frame.hex === "" ? null : (
        <div className="frame-hex">
          <code>{frame.hex.replace(/(..)(?=.)/g, "$1 ")}</code>
          <button type="button" className="plain-button" onClick={() => void copy()}>
            <Icon name="copy" size={14} />
            {copied ? t("meter.copied") : t("meter.copy")}
          </button>
        </div>
      )}
      <ul>
        {frame.explained.map((line) => (
          <li key={line}>{line}</li>
        ))}
        {frame.tookMs > 0 ? <li className="muted">{t("meter.took", { ms: frame.tookMs })}</li> : null}
      </ul>
    </details>
  );
}

/** The line that tells most: direction, address and function come first in every frame; a value says more than its name. */
function gist(lines: readonly string[]): string | undefined {
  const [about, value] = lines.slice(3);
  if (about === undefined) return lines[0];
  const name = about.replace(/^\S+ (?:[\dA-F]{4}){1,2} /, "");
  return name !== about && value !== undefined ? value : name;
}
