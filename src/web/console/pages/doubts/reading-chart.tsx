import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { ReadingRow } from "#contract/doubts.ts";
import { shortTime, units } from "#web/shared/format.ts";
import { Chart, type Paint } from "../../chart.tsx";

/** Indexes over time: the line of what counts, and as dots what was shown but not believed. The table below has the same figures. */
export function ReadingChart({ readings, unit }: { readings: readonly ReadingRow[]; unit: string }) {
  const { t } = useTranslation();
  const draw = useCallback((paint: Paint) => optionOf(paint, readings, unit), [readings, unit]);
  if (readings.length < 2) return null;
  return <Chart label={t("doubts.chart")} draw={draw} testId="chart" isLow />;
}

function optionOf(paint: Paint, readings: readonly ReadingRow[], unit: string) {
  const now = Date.now();
  const rows = readings.toReversed();
  const axis = { axisLine: { lineStyle: { color: paint.line } }, splitLine: { lineStyle: { color: paint.line } } };
  const inUnits = (amount: number): number => amount / 1_000;
  return {
    grid: { left: 12, right: 24, top: 30, bottom: 8, containLabel: true },
    xAxis: {
      ...axis,
      ...{ type: "value", min: rows[0]?.measuredAt, max: rows.at(-1)?.measuredAt, splitNumber: 4 },
      axisLabel: { color: paint.text, hideOverlap: true, formatter: (at: number) => shortTime(at, now) },
    },
    yAxis: {
      ...axis,
      ...{ type: "value", scale: true, name: unit, nameTextStyle: { color: paint.text } },
      axisLabel: { color: paint.text, formatter: (amount: number) => units(amount * 1_000) },
    },
    series: [
      {
        ...{ type: "line", symbolSize: 4, lineStyle: { color: paint.main }, itemStyle: { color: paint.main } },
        data: rows.flatMap((row) => (row.countsWh === null ? [] : [[row.measuredAt, inUnits(row.countsWh)]])),
      },
      {
        ...{ type: "line", symbol: "circle", symbolSize: 8, lineStyle: { width: 0 }, itemStyle: { color: paint.bad } },
        data: rows.flatMap((row) => (row.countsWh === null ? [[row.measuredAt, inUnits(row.valueWh)]] : [])),
      },
    ],
  };
}
