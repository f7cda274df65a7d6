import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { addDays, dayOf, instant, monthOf } from "#base/time.ts";
import type { LossReport, LossRow } from "#contract/losses.ts";
import { type Asked, getLosses, queryOf } from "#web/shared/api-reports.ts";
import { MISSING, thousandths, units } from "#web/shared/format.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { UnitsCell } from "./figures.tsx";
import { LossPeriod } from "./loss-period.tsx";
import { ReportChoice, ReportFilter, useReportFilter } from "./report-filter.tsx";
import { ReportFrame, useReport } from "./report-frame.tsx";

/** Losses (线损): master − Σ sub of every box and area with a master meter, the worst first; each opens its meters. */
export function LossesPage() {
  const { t } = useTranslation();
  const month = monthOf(addDays(dayOf(instant(Date.now())), -1));
  const { asked, change } = useReportFilter({ period: month, kind: "electricity", sort: "percent", only: "all" });
  const pages = useReport("losses", asked, getLosses);
  const isNarrowed = [asked.areaId, asked.search, asked.only === "all" ? "" : asked.only].some(Boolean);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("losses.title")}</h1>
        <ExportButton path={`/api/reports/losses/export?${queryOf(asked)}`} />
      </div>
      <p className="report-line">{t("losses.lead")}</p>
      <ReportFilter asked={asked} change={change}>
        <LossPeriod period={asked.period ?? month} change={change} />
        <ReportChoice
          name="sort"
          label={t("losses.sort")}
          options={(["percent", "wh"] as const).map((each) => [each, t(`losses.sorts.${each}`)])}
          asked={asked}
          change={change}
        />
        <ReportChoice
          name="only"
          label={t("losses.only")}
          options={(["all", "negative", "incomplete"] as const).map((each) => [each, t(`losses.onlys.${each}`)])}
          asked={asked}
          change={change}
        />
      </ReportFilter>
      <ReportFrame
        pages={pages}
        counted="losses.count"
        empty={
          <Empty
            narrowing={["areaId", "search", "only"]}
            title={t(isNarrowed ? "losses.noMatch" : "losses.none")}
            lead={t(isNarrowed ? "losses.noMatchLead" : "losses.noneLead")}
            testId="report-empty"
          />
        }
      >
        {(first, items) => <LossTable first={first} items={items} asked={asked} />}
      </ReportFrame>
    </main>
  );
}

function LossTable({ first, items, asked }: { first: LossReport; items: readonly LossRow[]; asked: Asked }) {
  const { t } = useTranslation();
  const unit = t(`reports.unit.${first.kind}`);
  const into = (row: LossRow) =>
    `/reports/losses/${row.type}/${row.id}?${queryOf({ period: first.period, kind: asked.kind ?? "" })}`;
  return (
    <>
      <p className="report-line">
        <strong data-testid="loss-total" data-wh={first.lossWh ?? ""}>
          {t("losses.sum")} {units(first.lossWh)} {unit}
        </strong>
        <span>
          {first.closedUpTo === null ? t("reports.notClosed") : t("reports.closedUpTo", { day: first.closedUpTo })}
        </span>
        {first.negative > 0 ? (
          <span className="tag tag-warn">{t("losses.countNegative", { count: first.negative })}</span>
        ) : null}
        {first.incomplete > 0 ? (
          <span className="tag tag-warn">{t("losses.countIncomplete", { count: first.incomplete })}</span>
        ) : null}
        {first.hidden > 0 ? <span>{t("losses.hidden", { count: first.hidden })}</span> : null}
      </p>
      <SheetBox cards name="losses">
        <table className="sheet" data-testid="losses">
          <thead>
            <tr>
              <th className="first">{t("losses.name")}</th>
              <th className="num">{t("losses.percent")}</th>
              <th className="num">{t("losses.loss", { unit })}</th>
              <th className="num">{t("losses.master", { unit })}</th>
              <th className="num">{t("losses.subs", { unit })}</th>
              <th className="num">{t("losses.meters")}</th>
              <th>{t("losses.days")}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((row) => (
              <tr key={`${row.type}-${row.id}`} data-testid={`loss-${row.type}-${row.id}`}>
                <th scope="row" className="first">
                  <Link to={into(row)}>{row.name}</Link>{" "}
                  <small>{[...row.path, t(`losses.types.${row.type}`)].join(" / ")}</small>
                </th>
                <PercentCell bp={row.lossBp} />
                <UnitsCell wh={row.lossWh} testId="loss" exact />
                <UnitsCell wh={row.masterWh} testId="master" exact />
                <UnitsCell wh={row.subsWh} testId="subs" exact />
                <td className="num">{row.subs}</td>
                <td>
                  <LossDays of={row} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </SheetBox>
    </>
  );
}

/** A loss in per cent, to the hundredth, as it is booked. */
export function PercentCell({ bp, signed = false }: { bp: number | null; signed?: boolean }) {
  return (
    <td className={`num${bp === null ? " missing" : ""}`} data-bp={bp ?? ""} data-testid="percent">
      {signed && bp !== null && bp > 0 ? "+" : ""}
      {percentText(bp)}
    </td>
  );
}

/** 1/100 per cent as text: `4.13%`. */
export function percentText(bp: number | null): string {
  return bp === null ? MISSING : `${thousandths(bp * 10, 3).slice(0, -1)}%`;
}

/** How many days are counted, and what is wrong with the others or with the result. */
export function LossDays({ of }: { of: Pick<LossRow, "days" | "daysIncomplete" | "metersMissing" | "lossWh"> }) {
  const { t } = useTranslation();
  return (
    <>
      {of.lossWh === null ? t("losses.unknown") : t("losses.daysOf", { days: of.days })}{" "}
      {of.daysIncomplete > 0 ? (
        <span className="tag tag-warn" data-testid="loss-incomplete">
          {t("losses.incomplete", { count: of.daysIncomplete })} · {t("losses.missing", { count: of.metersMissing })}
        </span>
      ) : null}{" "}
      {(of.lossWh ?? 0) < 0 ? (
        <span className="tag tag-warn" data-testid="loss-negative">
          {t("losses.negative")}
        </span>
      ) : null}
    </>
  );
}
