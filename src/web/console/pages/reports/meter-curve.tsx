import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Day, dayOf, instant, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { Command } from "#contract/metering.ts";
import type { MeterCurve } from "#contract/reports.ts";
import { getCommand, postCommand } from "#web/shared/api.ts";
import { getCurve, reportKeys } from "#web/shared/api-reports.ts";
import { Can } from "#web/shared/can.tsx";
import { clockTime, dateTime, MISSING, thousandths } from "#web/shared/format.ts";
import { isCommandDone, keys } from "#web/shared/live-cache.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Chart, hint, type Paint } from "../../chart.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { CommandProgress } from "../board/command-progress.tsx";
import { linkTo, type MeterView } from "./meter-view.ts";

type Point = MeterCurve["items"][number];
type Figure = {
  name: "voltage" | "current" | "power";
  of: (point: Point) => number | null;
  text: (point: Point) => string;
};

const FIGURES: readonly Figure[] = [
  {
    name: "voltage",
    of: ({ voltageMv }) => (voltageMv === null ? null : voltageMv / 1_000),
    text: ({ voltageMv }) => thousandths(voltageMv, 1),
  },
  {
    name: "current",
    of: ({ currentMa }) => (currentMa === null ? null : currentMa / 1_000),
    text: ({ currentMa }) => thousandths(currentMa, 3),
  },
  { name: "power", of: ({ powerW }) => powerW, text: ({ powerW }) => (powerW === null ? MISSING : String(powerW)) },
];

/** Voltage, current and power of one meter on a day (电压/电流/功率), with a way to ask it now. */
export function MeterCurvePart({ meterId, view }: { meterId: number; view: MeterView }) {
  const { t } = useTranslation();
  const day = view.period;
  const found = useQuery({
    queryKey: reportKeys.curve(meterId, day),
    queryFn: () => getCurve(meterId, day),
    retry: false,
  });
  const today = dayOf(instant(Date.now()));
  const [last] = found.data?.items.slice(-1) ?? [];
  return (
    <section className="stack" aria-label={t("slots.curve")} data-testid="curve">
      <div className="page-head">
        <h2>{t("slots.curve")}</h2>
        {day === today ? (
          <Can do="meter.read">
            <ReadNow meterId={meterId} day={day} />
          </Can>
        ) : (
          <Link className="link-button" to={linkTo(view, { period: today, hour: null })}>
            {t("slots.today")}
          </Link>
        )}
      </div>
      <p className="muted">{t("slots.curveLead")}</p>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : last === undefined ? (
        <p data-testid="curve-empty">{t("slots.curveNone")}</p>
      ) : (
        <>
          <p className="report-line">
            {t("slots.curveAsOf", { count: found.data.items.length, time: dateTime(last.at) })}
          </p>
          {FIGURES.map((figure) => (
            <Curve key={figure.name} curve={found.data} figure={figure} />
          ))}
          <CurveTable points={found.data.items} />
        </>
      )}
    </section>
  );
}

function ReadNow({ meterId, day }: { meterId: number; day: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState<Command | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const [isAsking, setAsking] = useState(false);
  const id = asked?.id ?? "";
  const command = useQuery({ queryKey: keys.command(id), queryFn: () => getCommand(id), enabled: asked !== null });
  const isDone = command.data !== undefined && isCommandDone(command.data);
  useEffect(() => {
    if (isDone) void client.invalidateQueries({ queryKey: reportKeys.curve(meterId, day) });
  }, [isDone, client, meterId, day]);
  const ask = async (): Promise<void> => {
    setAsking(true);
    setFailed(null);
    try {
      setAsked(await postCommand(meterId, { key: newKey(), kind: "read", reason: "" }));
    } catch (error) {
      setFailed(error);
    }
    setAsking(false);
  };
  return (
    <>
      <Button onClick={() => isAsking || void ask()} aria-busy={isAsking} data-testid="read-now">
        {t("slots.readNow")}
      </Button>
      {failed === null ? null : <FailedLine error={failed} />}
      {asked === null ? null : <CommandProgress id={asked.id} onDismiss={() => setAsked(null)} />}
    </>
  );
}

function Curve({ curve, figure }: { curve: MeterCurve; figure: Figure }) {
  const { t } = useTranslation();
  const what = t(`slots.${figure.name}`);
  const draw = useCallback((paint: Paint) => optionOf(paint, curve, figure, what), [curve, figure, what]);
  if (curve.items.every((point) => figure.of(point) === null)) return null;
  const label = t("chart.curve", { day: curve.day, what, count: curve.items.length });
  return <Chart label={label} draw={draw} testId={`curve-${figure.name}`} isLow />;
}

/** Three times the usual distance without a reading break the line. */
const BROKEN_AFTER = 3;

/** The points of a curve, with an empty one wherever nothing was read for long. */
function withGaps(points: readonly Point[]): (Point | null)[] {
  const distances = points
    .slice(1)
    .map((point, i) => point.at - (points[i]?.at ?? 0))
    .sort((a, b) => a - b);
  const usual = distances[Math.floor(distances.length / 2)] ?? 0;
  return points.flatMap((point, i) => {
    const before = points[i - 1];
    return before !== undefined && point.at - before.at > BROKEN_AFTER * usual ? [null, point] : [point];
  });
}

const MINUTES_A_DAY = 24 * 60;

function optionOf(paint: Paint, { day, items: points }: MeterCurve, figure: Figure, what: string) {
  const shown = withGaps(points);
  const axis = { axisLine: { lineStyle: { color: paint.line } }, axisLabel: { color: paint.text } };
  const start = startOfDay(day as Day);
  const clock = (minutes: number) => `${String(minutes / 60).padStart(2, "0")}:00`;
  return {
    grid: { left: 12, right: 16, top: 32, bottom: 4, containLabel: true },
    tooltip: hint(paint, (index) => {
      const point = shown[index];
      return point ? `${clockTime(point.at)}\n${what} ${figure.text(point)}` : "";
    }),
    xAxis: {
      ...{ ...axis, axisLabel: { ...axis.axisLabel, formatter: clock } },
      ...{ type: "value", min: 0, max: MINUTES_A_DAY, interval: MINUTES_A_DAY / 8, splitLine: { show: false } },
    },
    yAxis: {
      ...axis,
      ...{ type: "value", scale: true, name: what, nameTextStyle: { color: paint.text, align: "left" } },
      splitLine: { lineStyle: { color: paint.line } },
    },
    series: [
      {
        ...{ type: "line", connectNulls: false, showSymbol: points.length < 60, symbolSize: 4 },
        ...{ lineStyle: { color: paint.main }, itemStyle: { color: paint.main } },
        data: shown.map((point) =>
          point === null ? [null, null] : [(point.at - start) / MINUTE_MS, figure.of(point)],
        ),
      },
    ],
  };
}

function CurveTable({ points }: { points: readonly Point[] }) {
  const { t } = useTranslation();
  return (
    <details>
      <summary>{t("slots.curveTable")}</summary>
      <SheetBox label={t("slots.curve")}>
        <table className="sheet" data-testid="curve-table">
          <thead>
            <tr>
              <th className="first">{t("slots.at")}</th>
              {FIGURES.map(({ name }) => (
                <th key={name} className="num">
                  {t(`slots.${name}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points.map((point) => (
              <tr key={point.at}>
                <th scope="row" className="first">
                  {dateTime(point.at)}
                </th>
                {FIGURES.map((figure) => (
                  <td key={figure.name} className={`num${figure.of(point) === null ? " missing" : ""}`}>
                    {figure.text(point)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </SheetBox>
    </details>
  );
}
