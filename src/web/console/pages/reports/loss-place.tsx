import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { addDays, dayOf, instant, monthOf } from "#base/time.ts";
import type { LossPlace } from "#contract/losses.ts";
import { getLossPlace, queryOf, reportKeys } from "#web/shared/api-reports.ts";
import { MISSING, thousandths } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { UnitsCell } from "./figures.tsx";
import { LossPeriod } from "./loss-period.tsx";
import { LossDays, PercentCell, percentText } from "./losses.tsx";
import { useReportFilter } from "./report-filter.tsx";
import "../records/records.css";
import "./reports.css";

/** Missing days named one by one; more are counted. */
const DAYS_NAMED = 5;

/** One box or area (线损): its master meters, what hangs below, and the difference, day by day or month by month. */
export function LossPlacePage() {
  const { t } = useTranslation();
  const { type = "", placeId = "" } = useParams();
  const id = /^\d{1,15}$/.test(placeId) ? Number(placeId) : 0;
  const month = monthOf(addDays(dayOf(instant(Date.now())), -1));
  const { asked, change } = useReportFilter({ period: month, kind: "electricity" });
  const place = type === "box" ? "box" : "area";
  const found = useQuery({
    queryKey: reportKeys.lossPlace(place, id, asked),
    queryFn: () => getLossPlace(place, id, asked),
    retry: false,
  });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{found.data === undefined ? t("losses.title") : `${found.data.name} ${found.data.period}`}</h1>
        <Link className="link-button" to={`/reports/losses?${queryOf(asked)}`}>
          {t("losses.back")}
        </Link>
        <ExportButton path={`/api/reports/losses/${place}/${id}/export?${queryOf(asked)}`} />
      </div>
      <search className="record-filters" aria-label={t("reports.filter")}>
        <LossPeriod period={asked.period ?? month} change={change} />
      </search>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={10} />
        )
      ) : (
        <Place place={found.data} />
      )}
    </main>
  );
}

function Place({ place }: { place: LossPlace }) {
  const { t } = useTranslation();
  const unit = t(`reports.unit.${place.kind}`);
  const asText = (wh: number | null) => thousandths(wh, 3);
  return (
    <>
      <p className="report-line">
        <span>{[...place.path, t(`losses.types.${place.type}`)].join(" / ")}</span>
        <span>
          {place.closedUpTo === null ? t("reports.notClosed") : t("reports.closedUpTo", { day: place.closedUpTo })}
        </span>
        <span>
          <LossDays of={place} />
        </span>
      </p>
      <p className="report-line">
        <span>{t("losses.formulaLead")}</span>
        <strong data-testid="loss-formula" data-wh={place.lossWh ?? ""}>
          {t("losses.formula", {
            ...{ master: asText(place.masterWh), subs: asText(place.subsWh), loss: asText(place.lossWh), unit },
          })}
        </strong>
        <strong>{percentText(place.lossBp)}</strong>
      </p>
      {(place.lossWh ?? 0) < 0 ? <p className="report-line">{t("losses.negativeLead")}</p> : null}
      <Meters place={place} unit={unit} />
      <Parts place={place} unit={unit} />
    </>
  );
}

function Meters({ place, unit }: { place: LossPlace; unit: string }) {
  const { t } = useTranslation();
  const period = place.period.slice(0, 7);
  if (place.meters.length === 0) return <p className="empty-line">{t("losses.noMeters")}</p>;
  return (
    <SheetBox cards>
      <table className="sheet" data-testid="loss-meters">
        <thead>
          <tr>
            <th className="first">{t("losses.meter")}</th>
            <th>{t("losses.role")}</th>
            <th className="num">{t("losses.usage", { unit })}</th>
            <th>{t("losses.missingDays")}</th>
            <th>{t("reports.meter")}</th>
          </tr>
        </thead>
        <tbody>
          {place.meters.map((meter) => (
            <tr key={`${meter.role}-${meter.meterId}`} data-testid={`loss-meter-${meter.role}`}>
              <th scope="row" className="first">
                <Link to={`/reports/meters/${meter.meterId}?period=${period}`}>{meter.label}</Link>
              </th>
              <td>
                {t(`losses.roles.${meter.role}`)}
                {meter.opens === null ? null : (
                  <small>
                    <Link
                      to={`/reports/losses/${meter.opens.type}/${meter.opens.id}?${queryOf({ period: place.period, kind: place.kind })}`}
                    >
                      {t("losses.open")}
                    </Link>
                  </small>
                )}
              </td>
              <UnitsCell wh={meter.usageWh} testId="usage" exact />
              <td data-testid="missing-days">
                {meter.missing.slice(0, DAYS_NAMED).join(" ") || MISSING}
                {meter.missing.length > DAYS_NAMED ? (
                  <small>{t("losses.more", { count: meter.missing.length - DAYS_NAMED })}</small>
                ) : null}
              </td>
              <td>{meter.number}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}

function Parts({ place, unit }: { place: LossPlace; unit: string }) {
  const { t } = useTranslation();
  const isYear = place.period.length === 4;
  if (place.period.length === 10) return null;
  return (
    <>
      <h2>{t(isYear ? "losses.byMonth" : "losses.byPart")}</h2>
      {place.parts.length === 0 ? (
        <p className="empty-line">{t("losses.noParts")}</p>
      ) : (
        <SheetBox cards>
          <table className="sheet" data-testid="loss-parts">
            <thead>
              <tr>
                <th className="first">{t(isYear ? "reports.months" : "reports.part")}</th>
                <th className="num">{t("losses.master", { unit })}</th>
                <th className="num">{t("losses.subs", { unit })}</th>
                <th className="num">{t("losses.loss", { unit })}</th>
                <th className="num">{t("losses.percent")}</th>
                <th>{t("losses.days")}</th>
              </tr>
            </thead>
            <tbody>
              {place.parts.map((part) => (
                <tr key={part.part} data-testid={`part-${part.part}`}>
                  <th scope="row" className="first">
                    <Link to={`?${queryOf({ period: part.part, kind: place.kind })}`}>{part.part}</Link>
                  </th>
                  <UnitsCell wh={part.masterWh} testId="master" exact />
                  <UnitsCell wh={part.subsWh} testId="subs" exact />
                  <UnitsCell wh={part.lossWh} testId="loss" exact />
                  <PercentCell bp={part.lossBp} />
                  <td>
                    {part.lossWh === null ? t("losses.unknown") : t("losses.daysOf", { days: part.days })}
                    {part.daysIncomplete > 0 ? (
                      <small>{t("losses.incomplete", { count: part.daysIncomplete })}</small>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </SheetBox>
      )}
    </>
  );
}
