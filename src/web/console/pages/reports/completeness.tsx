import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { addDays, type Day, dayOf, instant } from "#base/time.ts";
import type { CompletenessReport, CompletenessRow, DayHeld } from "#contract/completeness.ts";
import { type Asked, getCompleteness, queryOf, reportKeys } from "#web/shared/api-reports.ts";
import { dateTime } from "#web/shared/format.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { MissingList } from "./missing-list.tsx";
import { ReportFilter, Stepper, useReportFilter } from "./report-filter.tsx";
import "../records/records.css";
import "./reports.css";
import { SheetBox } from "../../sheet-box.tsx";

/** How many daily freezes (日冻结) are there, by concentrator and day; each figure opens the list of what is missing. */
export function CompletenessPage() {
  const { t } = useTranslation();
  const [, setSearch] = useAddress();
  const yesterday = addDays(dayOf(instant(Date.now())), -1);
  const { asked, change } = useReportFilter({ day: yesterday, kind: "electricity" });
  const { missing, concentratorId, ...filter } = asked;
  const day = (asked.day ?? yesterday) as Day;
  const loaded = useQuery({
    queryKey: reportKeys.list("completeness", filter),
    queryFn: () => getCompleteness(filter),
    refetchInterval: 60_000,
  });
  const open = (of: string, id?: number) => change({ missing: of, concentratorId: id === undefined ? "" : String(id) });
  const shut = () => setSearch((now) => without(now, ["missing", "concentratorId"]));
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("completeness.title")}</h1>
        <ExportButton path={`/api/reports/completeness/export?${queryOf(filter)}`} />
      </div>
      <p className="report-line">{t("completeness.lead")}</p>
      <ReportFilter asked={asked} change={change} withSearch={false}>
        <Stepper
          label={t("completeness.upTo")}
          type="date"
          value={day}
          max={yesterday}
          step={(by) => addDays(day, by)}
          names={[t("reports.previousDay"), t("reports.nextDay")]}
          onChange={(value) => change({ day: value })}
        />
      </ReportFilter>
      <Loaded of={loaded} open={open} />
      {missing ? (
        <MissingList
          asked={{ ...filter, day: missing, ...(concentratorId ? { concentratorId } : {}) } as Asked}
          code={loaded.data?.items.find((row) => String(row.concentratorId) === concentratorId)?.code ?? null}
          close={shut}
        />
      ) : null}
    </main>
  );
}

type Opens = (day: string, concentratorId?: number) => void;
type Query = { data: CompletenessReport | undefined; error: Error | null; refetch: () => unknown };

function Loaded({ of, open }: { of: Query; open: Opens }) {
  const { t } = useTranslation();
  if (of.data === undefined) {
    return of.error ? <FailedNotice error={of.error} retry={() => void of.refetch()} /> : <Loading rows={8} />;
  }
  if (of.data.items.length === 0) {
    return (
      <Empty
        title={t("completeness.empty")}
        lead={t("completeness.emptyLead")}
        narrowing={["areaId"]}
        testId="completeness-empty"
      />
    );
  }
  return <Table report={of.data} open={open} />;
}

function Table({ report, open }: { report: CompletenessReport; open: Opens }) {
  const { t } = useTranslation();
  const spare = report.items.reduce((sum, row) => sum + row.without, 0);
  return (
    <>
      <p className="report-line">
        {t("completeness.asOf", { time: dateTime(report.asOf) })}
        {spare > 0 ? <span className="muted">{t("completeness.without", { count: spare })}</span> : null}
      </p>
      <SheetBox>
        <table className="sheet" data-testid="completeness">
          <thead>
            <tr>
              <th className="first">{t("completeness.concentrator")}</th>
              {report.days.map((day) => (
                <th key={day} className="num">
                  {day.slice(5)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {report.items.map((row) => (
              <tr key={row.concentratorId} data-testid={`completeness-${row.code}`}>
                <Head row={row} />
                {row.days.map((held, i) => (
                  <Cell
                    key={report.days[i]}
                    day={report.days[i] ?? ""}
                    held={held}
                    open={(day) => open(day, row.concentratorId)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr data-testid="completeness-sum">
              <th className="first">{t("completeness.sum")}</th>
              {report.sum.map((held, i) => (
                <Cell key={report.days[i]} day={report.days[i] ?? ""} held={held} open={(day) => open(day)} />
              ))}
            </tr>
          </tfoot>
        </table>
      </SheetBox>
    </>
  );
}

function Head({ row }: { row: CompletenessRow }) {
  const { t } = useTranslation();
  return (
    <th scope="row" className="first">
      {row.code}
      <small>
        {row.name}
        {row.online ? null : <span className="tag tag-bad">{t("completeness.offline")}</span>}
      </small>
    </th>
  );
}

/** Per cent, and the two figures that it is of. Never rounded up to 100. */
function Cell({ day, held, open }: { day: string; held: DayHeld; open: (day: string) => void }) {
  const { t } = useTranslation();
  if (held.expected === 0) return <td className="num muted">{t("completeness.nothing")}</td>;
  const percent = Math.floor((held.held * 1000) / held.expected) / 10;
  return (
    <td className={held.held < held.expected ? "num short" : "num"} data-held={held.held} data-expected={held.expected}>
      <button
        type="button"
        className="cell-button"
        title={t("completeness.cell", { day, ...held })}
        onClick={() => open(day)}
      >
        {percent.toFixed(1)}%
      </button>
      <small>
        {held.held}/{held.expected}
        {held.drifted > 0 ? ` ${t("completeness.drifted", { count: held.drifted })}` : ""}
      </small>
    </td>
  );
}

function without(search: URLSearchParams, names: readonly string[]): URLSearchParams {
  const rest = new URLSearchParams(search);
  for (const name of names) rest.delete(name);
  return rest;
}
