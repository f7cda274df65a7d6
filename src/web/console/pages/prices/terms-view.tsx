import { useTranslation } from "react-i18next";
import type { PeriodOnWire, TermsOnWire } from "#contract/prices.ts";
import { dayKinds } from "#domain/calendar.ts";
import { rates } from "#domain/tariff.ts";
import { unitsSold, yuan } from "#web/shared/format.ts";
import { clock } from "./clock-text.ts";

type TermsProps = { terms: TermsOnWire; kind: "electricity" | "water" };

/** Terms in words: one price, the seasons with their day as a bar, or the steps. */
export function TermsView({ terms, kind }: TermsProps) {
  const { t } = useTranslation();
  const perUnit = `${t("unit.yuan")}/${t(`unit.${kind}`)}`;
  if (terms.kind === "flat") {
    return (
      <p className="terms-flat">
        <b>{yuan(terms.price)}</b> {perUnit}
      </p>
    );
  }
  if (terms.kind === "tiered") {
    return (
      <div>
        <p className="muted">{t(`prices.per.${terms.per}`)}</p>
        <ol className="terms-tiers">
          {terms.tiers.map((tier, i) => {
            const next = terms.tiers[i + 1];
            const from = unitsSold(tier.fromWh);
            return (
              <li key={tier.fromWh}>
                <span>
                  {next === undefined
                    ? t("prices.tierAbove", { from, unit: t(`unit.${kind}`) })
                    : t("prices.tierBetween", { from, to: unitsSold(next.fromWh), unit: t(`unit.${kind}`) })}
                </span>
                <b>{yuan(tier.price)}</b> {perUnit}
              </li>
            );
          })}
        </ol>
      </div>
    );
  }
  return (
    <div className="terms-seasons">
      {terms.seasons.map((season) => (
        <section key={season.name + season.from}>
          <h4>
            {season.name} <small>{t("prices.seasonSpan", { from: season.from, to: season.to })}</small>
          </h4>
          <p className="rate-prices">
            {rates.map((rate) =>
              season.prices[rate] === undefined ? null : (
                <span key={rate} className={`rate rate-${rate}`}>
                  {t(`prices.rate.${rate}`)} <b>{yuan(season.prices[rate])}</b>
                </span>
              ),
            )}
            <small>{perUnit}</small>
          </p>
          {dayKinds.map((day) => {
            const periods = season.days[day];
            return periods === undefined ? null : <DayBar key={day} periods={periods} label={t(`prices.day.${day}`)} />;
          })}
        </section>
      ))}
    </div>
  );
}

/** A day from 0 to 24 o'clock as a bar of its rates; the words for those who cannot see it are in its label. */
export function DayBar({ periods, label }: { periods: readonly PeriodOnWire[]; label: string }) {
  const { t } = useTranslation();
  const sorted = [...periods].sort((a, b) => a.fromMinute - b.fromMinute);
  const words = sorted.map(
    (each) => `${clock(each.fromMinute)}–${clock(each.toMinute)} ${t(`prices.rate.${each.rate}`)}`,
  );
  return (
    <div className="day-line">
      <span className="day-name">{label}</span>
      <div className="day-bar" role="img" aria-label={`${label}: ${words.join(t("app.and"))}`} title={words.join("\n")}>
        {sorted.map((each) => (
          <span
            key={each.fromMinute}
            className={`rate-${each.rate}`}
            style={{ flexGrow: Math.max(0, each.toMinute - each.fromMinute) }}
          >
            {each.toMinute - each.fromMinute >= 90 ? t(`prices.rateShort.${each.rate}`) : ""}
          </span>
        ))}
      </div>
      <small className="day-words">{words.join(t("app.and"))}</small>
    </div>
  );
}
