import { useTranslation } from "react-i18next";
import { thousandths, units } from "#web/shared/format.ts";
import { UnitsCell } from "./figures.tsx";

/** How much more or less than in the period that it is compared with, in a sentence; nothing when one of them is not known. */
export function ChangeLine({
  usageWh,
  other,
}: {
  usageWh: number | null;
  other: { period: string; usageWh: number | null };
}) {
  const { t } = useTranslation();
  if (other.usageWh === null) return <span data-testid="change">{t("slots.noOther", { period: other.period })}</span>;
  if (usageWh === null || other.usageWh === 0) return null;
  const percent = Math.round(((usageWh - other.usageWh) / other.usageWh) * 100);
  const change =
    percent === 0
      ? t("reports.same")
      : t(percent > 0 ? "reports.moreThan" : "reports.lessThan", { percent: Math.abs(percent) });
  return <span data-testid="change">{t("reports.change", { period: other.period, change })}</span>;
}

/** The heads of {@link ComparedCells}. */
export function ComparedHeads({ period, unit }: { period: string; unit: string }) {
  const { t } = useTranslation();
  return (
    <>
      <th className="num">{t("slots.other", { period, unit })}</th>
      <th className="num">{t("slots.change", { unit })}</th>
    </>
  );
}

/** The usage of the other period, and what changed since, with its sign. */
export function ComparedCells({
  usageWh,
  otherWh,
  rowSpan = 1,
  exact = false,
}: {
  usageWh: number | null;
  otherWh: number | null;
  rowSpan?: number;
  exact?: boolean;
}) {
  const change = usageWh === null || otherWh === null ? null : usageWh - otherWh;
  return (
    <>
      <UnitsCell wh={otherWh} exact={exact} rowSpan={rowSpan} testId="other" />
      <td
        className={`num${change === null ? " missing" : ""}`}
        rowSpan={rowSpan}
        data-wh={change ?? ""}
        data-testid="change-wh"
      >
        {change !== null && change > 0 ? "+" : ""}
        {exact ? thousandths(change, 3) : units(change)}
      </td>
    </>
  );
}
