import { useTranslation } from "react-i18next";
import type { CustomerMeter } from "#contract/customers.ts";
import { shortTime, units, yuanShort } from "#web/shared/format.ts";
import { StateIcon } from "../../icons.tsx";
import { GroupMark } from "../groups/group-mark.tsx";
import "./customers.css";

/** One meter of a customer in a line: where, what is left in units and money as of when, and how long it may last. */
export function MeterLine({ meter }: { meter: CustomerMeter }) {
  const { t } = useTranslation();
  const { tile } = meter;
  const now = Date.now();
  return (
    <div className="meter-line" data-testid={`customer-meter-${tile.number}`} data-state={tile.state}>
      <span className={`state-mark state-${tile.state}`} title={t(`state.${tile.state}`)}>
        <StateIcon state={tile.state} size={12} />
      </span>
      <span className="meter-line-where">
        <b>{tile.label}</b> {t(`kind.${tile.kind}`)} <small>{tile.number}</small>
        <GroupMark group={meter.group} />
        <span className="unseen">{t(`state.${tile.state}`)}</span>
      </span>
      <span className="meter-line-left">
        <b>{units(tile.remainingWh)}</b> {t(`unit.${tile.kind}`)}
        {" ≈ "}
        <b>{yuanShort(tile.remainingYuan)}</b> {t("unit.yuan")}
        <small>
          {t(tile.creditAt === "server" ? "customers.onServer" : "customers.inMeter")}
          {" · "}
          {t("meter.asOf", { time: shortTime(tile.remainingAt, now) })}
        </small>
      </span>
      <span className="meter-line-days" data-testid={`days-left-${tile.number}`}>
        <DaysLeft meter={meter} />
      </span>
    </div>
  );
}

function DaysLeft({ meter }: { meter: CustomerMeter }) {
  const { t } = useTranslation();
  const { usePerDayWh, useDays, useFrom, useTo, daysLeftTenths, tile } = meter;
  const over =
    useDays === 0 ? undefined : t("customers.useOver", { count: useDays, from: useFrom ?? "", to: useTo ?? "" });
  return (
    <>
      {daysLeftTenths === null ? null : `${t("customers.daysLeft", { days: (daysLeftTenths / 10).toFixed(1) })} `}
      <small title={over}>
        {usePerDayWh === null
          ? t("customers.useUnknown")
          : t("customers.perDay", { use: units(usePerDayWh), unit: t(`unit.${tile.kind}`) })}
      </small>
    </>
  );
}
