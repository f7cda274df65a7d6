import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { HOUR_MS, instant, MINUTE_MS, minuteOfDay } from "#base/time.ts";
import type { MeterLastDay } from "#contract/metering.ts";
import { getLastDay } from "#web/shared/api.ts";
import { clockTime, shortTime } from "#web/shared/format.ts";
import { keys } from "#web/shared/live-cache.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import "./last-day.css";

type Hour = MeterLastDay["hours"][number];

/** Every so many hours of the day the strip says which one it is. */
const LABEL_EVERY_MINUTES = 360;

/** The last 24 hours of a meter, hour by hour: whether it was heard, and for how long supply was off. */
export function LastDay({ meterId }: { meterId: number }) {
  const { t } = useTranslation();
  const day = useQuery({
    queryKey: keys.lastDay(meterId),
    queryFn: () => getLastDay(meterId),
    refetchInterval: 60_000,
  });
  return (
    <section className="drawer-part" aria-label={t("meter.lastDay.title")} data-testid="last-day">
      <h3>{t("meter.lastDay.title")}</h3>
      {day.data ? (
        <Strip day={day.data} />
      ) : day.error ? (
        <FailedNotice error={day.error} retry={() => void day.refetch()} />
      ) : (
        <Loading rows={1} />
      )}
    </section>
  );
}

/** One stop for Tab; the arrow keys go from hour to hour, and what the hour says in words stands below. */
function Strip({ day: { asOf, hours } }: { day: MeterLastDay }) {
  const { t } = useTranslation();
  const [pickedAt, setPickedAt] = useState<number | null>(null);
  const picked = hours.find(({ at }) => at === pickedAt) ?? hours.at(-1);
  const textOf = (hour: Hour): string => {
    const { at, heard, readings, offMinutes } = hour;
    const running = at + HOUR_MS > asOf;
    const minutes = Math.min(60, Math.round((asOf - at) / MINUTE_MS));
    const parts = [
      readings > 0 ? t("meter.lastDay.readings", { count: readings }) : t(`meter.lastDay.heard.${heard}`),
      ...(offMinutes === null ? [t("meter.lastDay.offUnknown")] : []),
      ...(offMinutes
        ? [offMinutes >= minutes ? t("meter.lastDay.offAll") : t("meter.lastDay.off", { count: offMinutes })]
        : []),
    ];
    const span = { from: shortTime(at, asOf).replace(/:00:00$/, ":00"), to: clockTime(at + HOUR_MS).slice(0, 5) };
    return [t(running ? "meter.lastDay.running" : "meter.lastDay.hour", span), ...parts].join(" · ");
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -hours.length, End: hours.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // in the drawer they lead to the next meter
    const all = [...event.currentTarget.querySelectorAll("button")];
    const now = all.findIndex((each) => each === document.activeElement);
    all[Math.min(all.length - 1, Math.max(0, now + step))]?.focus();
  };
  const shown = new Set(hours.map(({ heard }) => heard));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveElementInteractions: arrow keys for the hours inside */}
      <ol className="hours" onKeyDown={onKeyDown} aria-label={t("meter.lastDay.hint")}>
        {hours.map((hour) => (
          <li key={hour.at}>
            <button
              type="button"
              className={`hour hour-${hour.heard}${hour.offMinutes ? " hour-off" : ""}`}
              aria-label={textOf(hour)}
              tabIndex={hour === picked ? 0 : -1}
              onFocus={() => setPickedAt(hour.at)}
              onPointerEnter={() => setPickedAt(hour.at)}
              data-heard={hour.heard}
              data-off={hour.offMinutes ?? ""}
            />
            {minuteOfDay(instant(hour.at)) % LABEL_EVERY_MINUTES === 0 ? (
              <span className="hour-label" aria-hidden="true">
                {clockTime(hour.at).slice(0, 5)}
              </span>
            ) : null}
          </li>
        ))}
      </ol>
      <p className="hour-text" data-testid="hour-text">
        {picked === undefined ? null : textOf(picked)}
        <small>{t("meter.asOf", { time: clockTime(asOf) })}</small>
      </p>
      <ul className="hour-legend">
        {[...shown].map((heard) => (
          <li key={heard}>
            <span className={`hour hour-${heard}`} />
            {t(`meter.lastDay.short.${heard}`)}
          </li>
        ))}
        {hours.some(({ offMinutes }) => offMinutes) ? (
          <li>
            <span className="hour hour-off" />
            {t("meter.lastDay.short.off")}
          </li>
        ) : null}
      </ul>
    </>
  );
}
