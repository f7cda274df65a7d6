import { Button, Checkbox, Input, Select } from "antd";
import { useTranslation } from "react-i18next";
import { type DayKind, dayKinds } from "#domain/calendar.ts";
import { rates } from "#domain/tariff.ts";
import { minuteOf } from "./clock-text.ts";
import type { PeriodDraft, SeasonDraft } from "./terms-draft.ts";
import { DayBar } from "./terms-view.tsx";

type SeasonProps = {
  season: SeasonDraft;
  perUnit: string;
  onChange: (season: SeasonDraft) => void;
  onRemove: (() => void) | null;
};

/** One season: its dates, its prices, and the periods of its workdays; weekends and holidays where they differ. */
export function SeasonEditor({ season, perUnit, onChange, onRemove }: SeasonProps) {
  const { t } = useTranslation();
  const text = (name: "name" | "from" | "to") => ({
    value: season[name],
    "aria-label": t(`prices.season.${name}`),
    onChange: (event: { target: { value: string } }) => onChange({ ...season, [name]: event.target.value }),
  });
  return (
    <fieldset className="season">
      <legend>{season.name}</legend>
      <div className="season-head">
        <Input {...text("name")} maxLength={20} />
        <Input {...text("from")} maxLength={5} placeholder="01-01" />
        <span>{t("prices.until")}</span>
        <Input {...text("to")} maxLength={5} placeholder="12-31" />
        {onRemove === null ? null : <Button onClick={onRemove}>{t("prices.removeSeason")}</Button>}
      </div>
      <div className="season-prices">
        {rates.map((rate) => (
          <div key={rate} className="field">
            <span className={`rate rate-${rate}`}>{t(`prices.rate.${rate}`)}</span>
            <Input
              inputMode="decimal"
              value={season.prices[rate]}
              suffix={perUnit}
              aria-label={t(`prices.rate.${rate}`)}
              onChange={(event) => onChange({ ...season, prices: { ...season.prices, [rate]: event.target.value } })}
              data-testid={`rate-price-${rate}`}
            />
          </div>
        ))}
      </div>
      {dayKinds.map((day) => (
        <DayEditor
          key={day}
          day={day}
          periods={season.days[day] ?? null}
          onChange={(periods) => {
            const { [day]: _, ...others } = season.days;
            onChange({ ...season, days: periods === null ? others : { ...others, [day]: periods } });
          }}
          like={season.days.workday ?? []}
        />
      ))}
    </fieldset>
  );
}

type DayProps = {
  day: DayKind;
  periods: readonly PeriodDraft[] | null;
  like: readonly PeriodDraft[];
  onChange: (periods: readonly PeriodDraft[] | null) => void;
};

function DayEditor({ day, periods, like, onChange }: DayProps) {
  const { t } = useTranslation();
  const shown = (periods ?? like).flatMap((each) => {
    const [fromMinute, toMinute] = [minuteOf(each.from), minuteOf(each.to)];
    return fromMinute === null || toMinute === null || toMinute <= fromMinute
      ? []
      : [{ ...each, fromMinute, toMinute }];
  });
  return (
    <div className="day-editor">
      {day === "workday" ? (
        <strong>{t("prices.day.workday")}</strong>
      ) : (
        <Checkbox checked={periods !== null} onChange={(event) => onChange(event.target.checked ? like : null)}>
          {t(`prices.ownDay.${day}`)}
        </Checkbox>
      )}
      {periods === null ? null : (
        <>
          <DayBar periods={shown} label={t(`prices.day.${day}`)} />
          {periods.map((period, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are known by their place while they are typed
            <div className="period-row" key={at}>
              <Input
                value={period.from}
                aria-label={t("prices.periodFrom", { count: at + 1 })}
                onChange={(event) => onChange(periods.with(at, { ...period, from: event.target.value }))}
              />
              <span>{t("prices.until")}</span>
              <Input
                value={period.to}
                aria-label={t("prices.periodTo", { count: at + 1 })}
                onChange={(event) => onChange(periods.with(at, { ...period, to: event.target.value }))}
              />
              <Select
                value={period.rate}
                aria-label={t("prices.periodRate", { count: at + 1 })}
                onChange={(rate) => onChange(periods.with(at, { ...period, rate }))}
                options={rates.map((rate) => ({ value: rate, label: t(`prices.rate.${rate}`) }))}
              />
              <Button onClick={() => onChange(periods.toSpliced(at, 1))}>{t("prices.remove")}</Button>
            </div>
          ))}
          <Button
            onClick={() => onChange([...periods, { from: periods.at(-1)?.to ?? "00:00", to: "24:00", rate: "flat" }])}
          >
            {t("prices.addPeriod")}
          </Button>
        </>
      )}
    </div>
  );
}
