import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { units } from "#web/shared/format.ts";
import { Chart, hint, type Paint } from "../../chart.tsx";

/** One column: a month, a day, a slot or a part of one. Usage in Wh or litres; null is not known and stays a gap. */
export type Bar = {
  name: string;
  usageWh: number | null;
  /** In the period that it is compared with. */
  otherWh: number | null;
  /** It ought to be known and is not. */
  isMissing: boolean;
  /** What is known of it together with its neighbours. */
  note: string;
  /** A line of indexes begins here: what is said at the mark. */
  mark: string | null;
};

type Props = { period: string; other: string | null; unit: string; bars: readonly Bar[] };

/** Usage as bars, missing as a tinted gap, a second row of bars for the period that it is compared with. Keep `bars` while they are the same. */
export function UsageChart({ period, other, unit, bars }: Props) {
  const { t } = useTranslation();
  const missing = bars.filter((bar) => bar.isMissing).length;
  const draw = useCallback(
    (paint: Paint) => optionOf(paint, { period, other, unit, bars, gap: t("chart.gap") }),
    [period, other, unit, bars, t],
  );
  return <Chart label={t("chart.usage", { period, count: bars.length, missing })} draw={draw} testId="usage-chart" />;
}

/** Wh as units for an axis; the table has the figures to the last digit. */
const inUnits = (amount: number | null) => (amount === null ? null : amount / 1_000);

function optionOf(paint: Paint, { period, other, unit, bars, gap }: Props & { gap: string }) {
  const marks = bars.flatMap((bar, i) => (bar.mark === null ? [] : [{ xAxis: i, label: { formatter: bar.mark } }]));
  const say = (name: string, amount: number | null) => `${name}: ${units(amount)}${amount === null ? "" : ` ${unit}`}`;
  const named = (name: string) => `${name} (${unit})`;
  const text = (index: number): string => {
    const bar = bars[index];
    if (bar === undefined) return "";
    const lines = [bar.name, bar.note === "" ? say(period, bar.usageWh) : bar.note];
    return [...lines, ...(other === null ? [] : [say(other, bar.otherWh)])].join("\n");
  };
  const axis = { axisLine: { lineStyle: { color: paint.line } }, axisLabel: { color: paint.text } };
  return {
    grid: { left: 12, right: 16, top: 48, bottom: 8, containLabel: true },
    legend: { top: 4, textStyle: { color: paint.text }, selectedMode: false },
    tooltip: hint(paint, text),
    // The gaps have axes of their own: on those of the usage they would take a share of the room of its bars.
    xAxis: [
      { ...axis, type: "category", data: bars.map((bar) => bar.name), axisTick: { alignWithLabel: true } },
      { type: "category", data: bars.map((bar) => bar.name), show: false },
    ],
    yAxis: [
      { ...axis, type: "value", splitLine: { lineStyle: { color: paint.line } } },
      { type: "value", min: 0, max: 1, show: false },
    ],
    series: [
      {
        ...{
          type: "bar",
          name: named(period),
          itemStyle: { color: paint.main },
          data: bars.map((bar) => inUnits(bar.usageWh)),
        },
        markLine: {
          ...{ symbol: "none", data: marks, lineStyle: { color: paint.mark }, label: { color: paint.text } },
          silent: true,
        },
      },
      ...(other === null
        ? []
        : [
            {
              type: "bar",
              name: named(other),
              itemStyle: { color: paint.other },
              data: bars.map((bar) => inUnits(bar.otherWh)),
            },
          ]),
      ...(bars.some((bar) => bar.isMissing)
        ? [
            {
              ...{ type: "bar", name: gap, xAxisIndex: 1, yAxisIndex: 1, barWidth: "100%", silent: true, z: 1 },
              ...{ itemStyle: { color: paint.gap }, data: bars.map((bar) => (bar.isMissing ? 1 : null)) },
            },
          ]
        : []),
    ],
  };
}
