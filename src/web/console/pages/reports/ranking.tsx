import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { addDays, addMonths, type Day, dayOf, daysOfMonth, instant, monthOf } from "#base/time.ts";
import type { RankingReport, RankingRow } from "#contract/ranking.ts";
import { rankedBy } from "#domain/ranking.ts";
import { type Asked, getRanking, queryOf } from "#web/shared/api-reports.ts";
import { useCan } from "#web/shared/can.tsx";
import { units } from "#web/shared/format.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { UnitsCell } from "./figures.tsx";
import { PercentCell } from "./losses.tsx";
import { ReportChoice, ReportFilter, useReportFilter } from "./report-filter.tsx";
import { ReportFrame, useReport } from "./report-frame.tsx";

/** Who used most or least (用量排行) from a day to a day, by meter, room, customer or area, and how that was before. */
export function RankingPage() {
  const { t } = useTranslation();
  const today = dayOf(instant(Date.now()));
  const spans = spansOf(today);
  // On the first of a month nothing of it is closed yet.
  const usual = today.endsWith("-01") ? spans.last : spans.month;
  const { asked, change } = useReportFilter({ ...usual, kind: "electricity", by: "meter", order: "most" });
  const pages = useReport("ranking", asked, getRanking);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("ranking.title")}</h1>
        <ExportButton path={`/api/reports/ranking/export?${queryOf(asked)}`} />
      </div>
      <div className="row-buttons rank-spans">
        {(["week", "month", "last", "year"] as const).map((each) => {
          const isChosen = asked.from === spans[each].from && asked.to === spans[each].to;
          return (
            <Button
              key={each}
              aria-pressed={isChosen}
              type={isChosen ? "primary" : "default"}
              onClick={() => change(spans[each])}
              data-testid={`span-${each}`}
            >
              {t(`ranking.presets.${each}`)}
            </Button>
          );
        })}
      </div>
      <ReportFilter asked={asked} change={change}>
        {(["from", "to"] as const).map((end) => (
          <label key={end} className="filter-field">
            <span>{t(`ranking.${end}`)}</span>
            <input
              type="date"
              value={asked[end]}
              {...(end === "from" ? { max: asked.to } : { min: asked.from })}
              onChange={(event) => event.target.value !== "" && change({ [end]: event.target.value })}
              data-testid={`filter-${end}`}
            />
          </label>
        ))}
        <ReportChoice
          name="by"
          label={t("ranking.by")}
          options={rankedBy.map((each) => [each, t(`ranking.bys.${each}`)])}
          asked={asked}
          change={change}
        />
        <ReportChoice
          name="order"
          label={t("ranking.order")}
          options={(["most", "least"] as const).map((each) => [each, t(`ranking.orders.${each}`)])}
          asked={asked}
          change={change}
        />
      </ReportFilter>
      <ReportFrame
        pages={pages}
        counted="ranking.count"
        empty={
          <Empty
            title={t("ranking.none")}
            lead={t("ranking.noneLead")}
            narrowing={["areaId", "search"]}
            testId="report-empty"
          />
        }
      >
        {(first, items) => <RankingTable first={first} items={items} asked={asked} />}
      </ReportFrame>
    </main>
  );
}

/** Days that are often asked for: up to yesterday, or to today on the first of a month or year. */
function spansOf(today: Day) {
  const yesterday = addDays(today, -1);
  const month = monthOf(today);
  const last = addMonths(month, -1);
  const since = (from: Day) => ({ from, to: from > yesterday ? from : yesterday });
  return {
    week: { from: addDays(today, -7), to: yesterday },
    month: since(`${month}-01` as Day),
    last: { from: `${last}-01`, to: daysOfMonth(last).at(-1) ?? yesterday },
    year: since(`${month.slice(0, 4)}-01-01` as Day),
  };
}

function RankingTable({ first, items, asked }: { first: RankingReport; items: readonly RankingRow[]; asked: Asked }) {
  const { t } = useTranslation();
  const unit = t(`reports.unit.${first.kind}`);
  const most = Math.max(1, ...items.map((row) => row.usageWh ?? 0));
  return (
    <>
      <p className="report-line">
        <strong data-testid="ranking-sum" data-wh={first.usageWh ?? ""}>
          {t("ranking.sum", { usage: units(first.usageWh), unit })}
        </strong>
        {first.masters > 0 ? <span>{t("reports.mastersLeftOut", { count: first.masters })}</span> : null}
        <span>
          {first.closedUpTo === null ? t("reports.notClosed") : t("reports.closedUpTo", { day: first.closedUpTo })}
        </span>
        <span>{t("ranking.compared", first.before)}</span>
        {first.by === "meter" ? null : <span>{t("ranking.current")}</span>}
      </p>
      <SheetBox cards name="ranking">
        <table className="sheet" data-testid="ranking">
          <thead>
            <tr>
              <th className="first">{t("ranking.name")}</th>
              <th className="num">{t("ranking.rank")}</th>
              <th className="num">{t("ranking.usage", { unit })}</th>
              <th className="num">{t("ranking.share")}</th>
              <th className="num">{t("ranking.before", { unit })}</th>
              <th className="num">{t("ranking.change")}</th>
              <th className="num">{t("ranking.meters")}</th>
              <th>{t(`ranking.detail.${first.by}`)}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((row) => (
              <tr key={row.id} data-testid={`ranked-${row.id ?? "nobody"}`}>
                <th scope="row" className="first">
                  <RowName row={row} first={first} asked={asked} />
                  {row.missing > 0 ? (
                    <>
                      {" "}
                      <span className="tag tag-warn">{t("ranking.missing", { count: row.missing })}</span>
                    </>
                  ) : null}
                  <meter className="rank-bar" min={0} max={most} value={row.usageWh ?? 0} aria-hidden="true" />
                </th>
                <td className="num" data-testid="rank">
                  {row.rank ?? t("meter.missing")}
                </td>
                <UnitsCell wh={row.usageWh} testId="usage" />
                <PercentCell bp={row.shareBp} />
                <UnitsCell wh={row.beforeWh} testId="before" />
                <PercentCell bp={row.changeBp} signed />
                <td className="num">{row.meters}</td>
                <td>{row.detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </SheetBox>
    </>
  );
}

/** A way to what the row consists of: the meter's own report, the customer's page, the meters of an area. */
function RowName({ row, first, asked }: { row: RankingRow; first: RankingReport; asked: Asked }) {
  const { t } = useTranslation();
  const seesCustomers = useCan("customer.view");
  if (row.id === null || row.name === null) return <span>{t(`ranking.nobody.${first.by}`)}</span>;
  const { from, to } = first;
  const into: Record<typeof first.by, string> = {
    meter: `/reports/meters/${row.id}?period=${from === to ? from : monthOf(to as Day)}`,
    room: `/rooms/${row.id}/statement?from=${from}&to=${to}`,
    customer: `/customers/${row.id}`,
    area: `/reports/ranking?${queryOf({ ...asked, by: "meter", areaId: String(row.id) })}`,
  };
  if ((first.by === "room" || first.by === "customer") && !seesCustomers) return <span>{row.name}</span>;
  return <Link to={into[first.by]}>{row.name}</Link>;
}
