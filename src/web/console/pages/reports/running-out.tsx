import { useInfiniteQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunningOutReport, RunningOutRow } from "#contract/running-out.ts";
import { runOutShows, runOutSorts, runOutWithin } from "#domain/running-out.ts";
import { type Asked, getRunningOut, queryOf, reportKeys } from "#web/shared/api-reports.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { ReportChoice, ReportFilter, useReportFilter } from "./report-filter.tsx";
import { ReportFrame } from "./report-frame.tsx";
import { RunningOutTable } from "./running-out-table.tsx";
import { ToldDialog } from "./told-dialog.tsx";
import "./running-out.css";

const AGAIN_MS = 30_000;

/** Whose credit runs out within some days (即将用完), the soonest first; those who were telephoned are noted. */
export function RunningOutPage() {
  const { t } = useTranslation();
  const { asked, change } = useReportFilter({ days: "3", show: "due", sort: "days" });
  const pages = useInfiniteQuery({
    queryKey: reportKeys.list("running-out", asked),
    queryFn: ({ pageParam }) => getRunningOut(asked, pageParam),
    initialPageParam: 0,
    getNextPageParam: (page: RunningOutReport) => page.next,
    refetchInterval: AGAIN_MS,
  });
  const mayTell = useCan("alarm.handle");
  const [chosen, setChosen] = useState<ReadonlyMap<number, RunningOutRow>>(new Map());
  const [telling, setTelling] = useState(false);
  const [first] = pages.data?.pages ?? [];
  const show = runOutShows.find((each) => each === asked.show) ?? "due";
  const days = asked.days ?? "3";
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("runningOut.title")}</h1>
        {first ? <small>{t("meter.asOf", { time: dateTime(first.asOf) })}</small> : null}
        <ExportButton path={`/api/reports/running-out/export?${queryOf(asked)}`} />
      </div>
      <p className="muted">{t("runningOut.lead")}</p>
      <div className="row-buttons rank-spans">
        {runOutShows.map((each) => (
          <Button
            key={each}
            aria-pressed={each === show}
            type={each === show ? "primary" : "default"}
            onClick={() => change({ show: each })}
            data-testid={`show-${each}`}
            data-count={first?.counts[each] ?? ""}
          >
            {`${t(`runningOut.shows.${each}`, { days })}${first ? ` ${first.counts[each]}` : ""}`}
          </Button>
        ))}
      </div>
      <ReportFilter asked={asked} change={change} withKind={false}>
        <ReportChoice
          name="days"
          label={t("runningOut.within")}
          options={runOutWithin.map((each) => [String(each), t("runningOut.withinDays", { days: each })])}
          asked={asked}
          change={change}
        />
        <ReportChoice
          name="sort"
          label={t("runningOut.sort")}
          options={runOutSorts.map((each) => [each, t(`runningOut.sorts.${each}`)])}
          asked={asked}
          change={change}
        />
      </ReportFilter>
      <p className="report-line">
        <span>{t(`runningOut.showsLead.${show}`)}</span>
        {first ? (
          <span data-testid="use-over">
            {first.useFrom === null
              ? t("runningOut.notClosed")
              : t("runningOut.useOver", { from: first.useFrom, to: first.useTo ?? "" })}
          </span>
        ) : null}
      </p>
      {mayTell && chosen.size > 0 ? (
        <div className="running-out-chosen" data-testid="chosen" data-count={chosen.size}>
          <span role="status">{t("runningOut.chosen", { count: chosen.size })}</span>
          <Button type="primary" onClick={() => setTelling(true)} data-testid="tell">
            {t("runningOut.tell")}
          </Button>
          <Button onClick={() => setChosen(new Map())}>{t("runningOut.clear")}</Button>
        </div>
      ) : null}
      <ReportFrame pages={pages} counted="runningOut.count" empty={<Nobody asked={asked} />}>
        {(head, items) => (
          <RunningOutTable first={head} items={items} chosen={mayTell ? chosen : null} onChoose={setChosen} />
        )}
      </ReportFrame>
      {telling ? (
        <ToldDialog rows={[...chosen.values()]} onDone={() => setChosen(new Map())} onClose={() => setTelling(false)} />
      ) : null}
    </main>
  );
}

function Nobody({ asked }: { asked: Asked }) {
  const { t } = useTranslation();
  return (
    <Empty
      narrowing={["areaId", "search"]}
      title={asked.show === "due" ? t("runningOut.none", { days: asked.days ?? "" }) : t("runningOut.noneHere")}
      lead={t("runningOut.noneLead")}
      testId="report-empty"
    />
  );
}
