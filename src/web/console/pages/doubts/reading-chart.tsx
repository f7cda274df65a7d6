import type { ReadingRow } from "#contract/doubts.ts";
import { shortTime, units } from "#web/shared/format.ts";

const WIDTH = 900;
const HEIGHT = 220;
const LEFT = 84;
const BOTTOM = 28;
const TOP = 14;

/** Indexes over time: the line of what counts, and as dots what was shown but not believed. The table below has the same figures. */
export function ReadingChart({ readings, label }: { readings: readonly ReadingRow[]; label: string }) {
  if (readings.length < 2) return null;
  const times = readings.map((row) => row.measuredAt);
  const values = readings.map((row) => row.valueWh);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (at: number): number => LEFT + ((at - from) / Math.max(1, to - from)) * (WIDTH - LEFT - 16);
  const y = (wh: number): number => HEIGHT - BOTTOM - ((wh - low) / Math.max(1, high - low)) * (HEIGHT - BOTTOM - TOP);
  const counting = readings.filter((row) => row.countsWh !== null).toReversed();
  const line = counting.map((row) => `${x(row.measuredAt).toFixed(1)},${y(row.countsWh ?? 0).toFixed(1)}`).join(" ");
  return (
    <svg className="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} data-testid="chart">
      <title>{label}</title>
      <line className="chart-axis" x1={LEFT} x2={WIDTH - 16} y1={HEIGHT - BOTTOM} y2={HEIGHT - BOTTOM} />
      <line className="chart-axis" x1={LEFT} x2={LEFT} y1={TOP} y2={HEIGHT - BOTTOM} />
      <text x={LEFT - 8} y={TOP + 6} textAnchor="end">
        {units(high)}
      </text>
      <text x={LEFT - 8} y={HEIGHT - BOTTOM} textAnchor="end">
        {units(low)}
      </text>
      <text x={LEFT} y={HEIGHT - 8}>
        {shortTime(from, Date.now())}
      </text>
      <text x={WIDTH - 16} y={HEIGHT - 8} textAnchor="end">
        {shortTime(to, Date.now())}
      </text>
      <polyline className="chart-line" points={line} />
      {readings.map((row) => (
        <circle
          key={`${row.measuredAt}-${row.frozen}`}
          className={row.countsWh === null ? "chart-bad" : "chart-good"}
          cx={x(row.measuredAt)}
          cy={y(row.valueWh)}
          r={row.countsWh === null ? 4 : 2.5}
        />
      ))}
    </svg>
  );
}
