import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { MeterReport, MeterSlots } from "#contract/reports.ts";
import { getMeterReport, getMeterSlots, queryOf, reportKeys } from "#web/shared/api-reports.ts";
import { dateTime, MISSING, units, yuan } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { Segments } from "../devices/segments.tsx";
import { ChangeLine } from "./compared.tsx";
import { Gaps } from "./figures.tsx";
import { MeterCurvePart } from "./meter-curve.tsx";
import { hourName, MeterHead, PeriodCrumbs } from "./meter-head.tsx";
import { MeterParts } from "./meter-parts.tsx";
import { hourFigures, MeterSlotsView } from "./meter-slots.tsx";
import { type MeterView, useMeterView } from "./meter-view.ts";
import { Crumbs } from "./periods.tsx";
import "../records/records.css";
import "./reports.css";

/** One meter from the year down to minutes (单表明细), all of it in the address: the months of a year, its days, a day's hours, an hour's slots. */
export function MeterPeriodPage() {
  const { meterId = "" } = useParams();
  const id = /^\d{1,15}$/.test(meterId) ? Number(meterId) : 0;
  const { view, go } = useMeterView();
  const isDay = view.period.length === 10;
  return (
    <main className="page" id="main" tabIndex={-1}>
      {isDay ? <DayOfMeter id={id} view={view} go={go} /> : <PeriodOfMeter id={id} view={view} go={go} />}
    </main>
  );
}

type Props = { id: number; view: MeterView; go: (to: Partial<MeterView>) => void };

function PeriodOfMeter({ id, view, go }: Props) {
  const { t } = useTranslation();
  const { period, other, compare } = view;
  const load = (asked: string) => ({
    queryKey: reportKeys.meter(id, asked),
    queryFn: () => getMeterReport(id, asked),
    retry: false,
  });
  const found = useQuery(load(period));
  const compared = useQuery({ ...load(other ?? ""), enabled: other !== null });
  const report = found.data;
  return (
    <>
      <div className="page-head">
        <h1>{report === undefined ? t("reports.period") : `${report.label} ${period}`}</h1>
        <ExportButton path={`/api/reports/meters/${id}/export?${queryOf({ period, compare: compare ?? "" })}`} />
      </div>
      <MeterHead view={view} go={go} />
      <Found query={found}>
        {(shown) => (
          <>
            <MeterCrumbs report={shown} view={view} />
            <Summary of={shown} figures={shown} other={compared.data?.usageWh} view={view}>
              <Gaps of={shown} />
            </Summary>
            <Segments meterId={id} kind={shown.kind} />
            <MeterParts report={shown} other={other === null ? null : (compared.data ?? null)} view={view} />
          </>
        )}
      </Found>
    </>
  );
}

function DayOfMeter({ id, view, go }: Props) {
  const { t } = useTranslation();
  const { period: day, minutes, hour, other, compare } = view;
  const load = (asked: string) => ({
    queryKey: reportKeys.slots(id, asked, minutes),
    queryFn: () => getMeterSlots(id, asked, minutes),
    retry: false,
  });
  const found = useQuery(load(day));
  const compared = useQuery({ ...load(other ?? ""), enabled: other !== null });
  const report = found.data;
  const of = (shown: MeterSlots) => (hour === null ? shown : { ...hourFigures(shown, hour), cost: null });
  const asked = { day, minutes, hour: hour === null ? "" : String(hour), compare: compare ?? "" };
  return (
    <>
      <div className="page-head">
        <h1>
          {report === undefined ? t("slots.title") : `${report.label} ${day}`}
          {hour === null ? "" : ` ${hourName(hour)}`}
        </h1>
        <Link className="link-button" to={`/reports/meters/${id}/readings?day=${day}`} data-testid="to-readings">
          {t("slots.readings")}
        </Link>
        <ExportButton path={`/api/reports/meters/${id}/slots/export?${queryOf(asked)}`} />
      </div>
      <MeterHead view={view} go={go} />
      <Found query={found}>
        {(shown) => (
          <>
            <MeterCrumbs report={shown} view={view} />
            <Summary of={shown} figures={of(shown)} other={compared.data && of(compared.data).usageWh} view={view}>
              {shown.madeAt === null ? null : <span>{t("slots.madeAt", { time: dateTime(shown.madeAt) })}</span>}
              {of(shown).missing > 0 ? (
                <span className="tag tag-warn" data-testid="slots-missing">
                  {t("slots.missing", { count: of(shown).missing })}
                </span>
              ) : null}
            </Summary>
            <MeterSlotsView report={shown} other={other === null ? null : (compared.data ?? null)} view={view} />
            {shown.kind === "electricity" && hour === null ? <MeterCurvePart meterId={id} view={view} /> : null}
          </>
        )}
      </Found>
    </>
  );
}

function Found<T>({ query, children }: { query: UseQueryResult<T>; children: (shown: T) => ReactNode }) {
  if (query.data !== undefined) return children(query.data);
  return query.error ? <FailedNotice error={query.error} retry={() => void query.refetch()} /> : <Loading rows={10} />;
}

type Named = Pick<MeterReport | MeterSlots, "meterId" | "label" | "number" | "kind" | "customer" | "path">;

function MeterCrumbs({ report, view }: { report: Named; view: MeterView }) {
  const { kind, path, label, meterId } = report;
  const period = view.period.slice(0, 7);
  const into = (areaId: string): string => `/reports/periods?${queryOf({ period, kind, areaId })}`;
  return (
    <Crumbs path={path} into={into}>
      <li>
        <Link to={`/reports/meters/${meterId}?period=${view.period.slice(0, 4)}`} data-testid="crumb-meter">
          {label}
        </Link>
      </li>
      <PeriodCrumbs view={view} />
    </Crumbs>
  );
}

type SummaryProps = {
  of: Named;
  figures: { usageWh: number | null; cost: string | null };
  /** Usage of the period that it is compared with; undefined while it is not there. */
  other: number | null | undefined;
  view: MeterView;
  children: ReactNode;
};

function Summary({ of, figures, other, view, children }: SummaryProps) {
  const { t } = useTranslation();
  const { usageWh, cost } = figures;
  const unit = t(`reports.unit.${of.kind}`);
  return (
    <p className="report-line">
      <strong data-testid="meter-total" data-wh={usageWh ?? ""} data-yuan={cost ?? ""}>
        {units(usageWh)} {unit}
        {view.hour === null ? ` · ${yuan(cost)} ${t("unit.yuan")}` : ""}
      </strong>
      {view.other === null || other === undefined ? null : (
        <ChangeLine usageWh={usageWh} other={{ period: view.other, usageWh: other }} />
      )}
      <span>{of.number}</span>
      <span>{of.customer ?? MISSING}</span>
      {children}
    </p>
  );
}
