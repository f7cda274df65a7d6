import type { ECharts, EChartsCoreOption } from "echarts/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTheme } from "./use-theme.ts";
import "./chart.css";

/** The colours of a chart, as `styles/tokens.css` has them in the theme of now. */
export type Paint = {
  main: string;
  other: string;
  gap: string;
  text: string;
  line: string;
  mark: string;
  bad: string;
  ground: string;
};

type Props = {
  /** What there is to see, for who does not see it: the figures themselves stand in a table beside the chart. */
  label: string;
  /** The same function as long as the figures are the same. */
  draw: (paint: Paint) => EChartsCoreOption;
  testId: string;
  isLow?: boolean;
};

/** The one way in which the console draws charts: loaded with the first of them, in the colours of the theme, as wide as its place. */
export function Chart({ label, draw, testId, isLow = false }: Props) {
  const { t } = useTranslation();
  const theme = useTheme();
  const box = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<"loading" | "drawn" | "failed">("loading");
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => {
    let chart: ECharts | null = null;
    let isGone = false;
    const observer = new ResizeObserver(() => chart?.resize());
    import("./chart-engine.ts").then(
      ({ beginChart }) => {
        if (isGone || box.current === null) return;
        chart = beginChart(box.current);
        chart.setOption({ ...COMMON, ...draw(paintOf()) });
        observer.observe(box.current);
        setState("drawn");
      },
      () => isGone || setState("failed"),
    );
    return () => {
      isGone = true;
      observer.disconnect();
      chart?.dispose();
    };
  }, [draw, theme]);
  return (
    <figure className="chart-figure" data-testid={testId} data-state={state}>
      <div ref={box} className={`chart-box${isLow ? " chart-low" : ""}`} role="img" aria-label={label} />
      {state === "failed" ? <p className="muted">{t("chart.failed")}</p> : null}
    </figure>
  );
}

const FONT =
  'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif';

/** Still pictures; and hints that are drawn, because the policy of the pages lets no chart write styles into the page. */
const COMMON = { animation: false, textStyle: { fontFamily: FONT } };

function paintOf(): Paint {
  const style = getComputedStyle(document.documentElement);
  const at = (name: string): string => style.getPropertyValue(name).trim();
  return {
    ...{ main: at("--brand"), other: at("--dim"), gap: at("--warn-back"), mark: at("--warn-mark") },
    ...{ text: at("--soft"), line: at("--line"), bad: at("--fault"), ground: at("--raised") },
  };
}

/** A hint in the colours of the page, drawn into the chart. */
export function hint(paint: Paint, formatter: (index: number) => string) {
  return {
    trigger: "axis",
    renderMode: "richText",
    confine: true,
    backgroundColor: paint.ground,
    borderColor: paint.line,
    textStyle: { color: paint.text },
    formatter: (shown: readonly { dataIndex: number }[]) => formatter(shown[0]?.dataIndex ?? 0),
  };
}
