import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { daysOfMonth, type Month } from "#base/time.ts";
import type { MeterPart, MeterReport } from "#contract/reports.ts";
import { Notice } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { ComparedCells, ComparedHeads } from "./compared.tsx";
import { DayCells, DayHead } from "./day.tsx";
import { Gaps, UnitsCell, YuanCell } from "./figures.tsx";
import { linkTo, type MeterView } from "./meter-view.ts";
import { type Bar, UsageChart } from "./usage-chart.tsx";

type Props = { report: MeterReport; other: MeterReport | null; view: MeterView };

/** The months of a year, or the days of a month, as a chart and as a table of the same figures. */
export function MeterParts({ report, other, view }: Props) {
  const { t } = useTranslation();
  const unit = t(`reports.unit.${report.kind}`);
  const isMonth = report.period.length === 7;
  const period = view.other;
  const otherWh = useMemo(() => usages(other), [other]);
  const bars = useMemo(() => barsOf(report, otherWh), [report, otherWh]);
  if (report.parts.length === 0) {
    return <Notice title={t("reports.notClosed")} lead={t("reports.noneLead")} testId="report-empty" />;
  }
  const compared = (part: MeterPart, rowSpan: number) =>
    period === null ? null : (
      <ComparedCells usageWh={part.usageWh} otherWh={otherWh.get(placeOf(part.part)) ?? null} rowSpan={rowSpan} />
    );
  const into = (part: MeterPart) => <Link to={linkTo(view, { period: part.part })}>{part.part}</Link>;
  return (
    <>
      <UsageChart period={report.period} other={period} unit={unit} bars={bars} />
      <SheetBox cards>
        <table className="sheet" data-testid="meter-parts">
          {isMonth ? (
            <DayHead name={t("reports.part")} unit={unit}>
              {period === null ? null : <ComparedHeads period={period} unit={unit} />}
            </DayHead>
          ) : (
            <thead>
              <tr>
                <th className="first">{t("reports.months")}</th>
                <th className="num">{t("reports.usage", { unit })}</th>
                {period === null ? null : <ComparedHeads period={period} unit={unit} />}
                <th className="num">{t("reports.cost")}</th>
                <th>{t("reports.quality")}</th>
              </tr>
            </thead>
          )}
          <tbody>
            {report.parts.flatMap((part) =>
              isMonth
                ? part.segments.map((row, i) => (
                    <tr key={`${part.part}-${row.segment}`} data-testid={`part-${part.part}`}>
                      <th scope="row" className="first">
                        {into(part)}
                      </th>
                      <DayCells row={row}>{i === 0 ? compared(part, part.segments.length) : null}</DayCells>
                    </tr>
                  ))
                : [
                    <tr key={part.part} data-testid={`part-${part.part}`}>
                      <th scope="row" className="first">
                        {into(part)}
                      </th>
                      <UnitsCell wh={part.usageWh} testId="usage" />
                      {compared(part, 1)}
                      <YuanCell text={part.cost} testId="cost" />
                      <td>
                        <Gaps of={part} />
                      </td>
                    </tr>,
                  ],
            )}
          </tbody>
        </table>
      </SheetBox>
    </>
  );
}

/** The day in its month, or the month in its year: what two periods have in common. */
function placeOf(part: string): string {
  return part.slice(part.length - 2);
}

function usages(report: MeterReport | null): Map<string, number | null> {
  return new Map((report?.parts ?? []).map((part) => [placeOf(part.part), part.usageWh]));
}

/** A column for every day or month that there is, also for those that nothing is known of. */
function barsOf(report: MeterReport, otherWh: ReadonlyMap<string, number | null>): Bar[] {
  const names =
    report.period.length === 7
      ? daysOfMonth(report.period as Month)
      : Array.from({ length: 12 }, (_, i) => `${report.period}-${String(i + 1).padStart(2, "0")}`);
  const parts = new Map(report.parts.map((part) => [part.part, part]));
  const [first = "", last = ""] = [report.parts[0]?.part, report.parts.at(-1)?.part];
  return names.map((name) => {
    const part = parts.get(name);
    const usageWh = part?.usageWh ?? null;
    return {
      name: placeOf(name),
      usageWh,
      otherWh: otherWh.get(placeOf(name)) ?? null,
      isMissing: usageWh === null && name >= first && name <= last,
      note: "",
      mark: (part?.segments.length ?? 0) > 1 ? String(part?.segments.at(-1)?.segment) : null,
    };
  });
}
