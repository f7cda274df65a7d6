import { useTranslation } from "react-i18next";
import { useNoPrice } from "#web/shared/can.tsx";
import { MISSING, thousandths, units, yuan } from "#web/shared/format.ts";

type FiguresOf = { usageWh: number | null; cost: string | null; missing: number; estimated: number };

/** Units in a cell, with the exact figure for machines. */
export function UnitsCell({
  wh,
  estimated = false,
  exact = false,
  rowSpan = 1,
  note = "",
  testId,
}: {
  wh: number | null;
  estimated?: boolean;
  rowSpan?: number;
  /** What the figure is of, where that is not what its row says. */
  note?: string;
  /** Three places: parts of a whole must add up on the page as well. */
  exact?: boolean;
  testId?: string;
}) {
  const { t } = useTranslation();
  return (
    <td
      className={`num${wh === null ? " missing" : ""}${estimated ? " estimated" : ""}`}
      rowSpan={rowSpan}
      data-wh={wh ?? ""}
      data-testid={testId}
      title={estimated ? t("reports.qualities.estimated") : undefined}
    >
      {exact ? thousandths(wh, 3) : units(wh)}
      {note === "" ? null : <small>{note}</small>}
    </td>
  );
}

/** Yuan in a cell. */
export function YuanCell({ text, rowSpan = 1, testId }: { text: string | null; rowSpan?: number; testId?: string }) {
  const none = useNoPrice();
  return (
    <td
      className={`num${text === null && none === MISSING ? " missing" : ""}`}
      rowSpan={rowSpan}
      data-yuan={text ?? ""}
      data-testid={testId}
    >
      {text === null ? none : yuan(text)}
    </td>
  );
}

/** Marks the row of a master meter (总表), which is in no sum. */
export function MasterTag({ is }: { is: boolean }) {
  const { t } = useTranslation();
  return is ? (
    <>
      {" "}
      <span className="tag" data-testid="master">
        {t("reports.master")}
      </span>
    </>
  ) : null;
}

/** The head of a row of sums, with how many master meters it leaves out. */
export function SumHead({ masters }: { masters: number }) {
  const { t } = useTranslation();
  return (
    <th className="first">
      {t("reports.sum")}
      {masters > 0 ? (
        <small data-testid="masters-left-out">{t("reports.mastersLeftOut", { count: masters })}</small>
      ) : null}
    </th>
  );
}

/** What of the data is missing or estimated, in words; nothing when all was measured. */
export function Gaps({
  of,
  each = "days",
}: {
  of: Pick<FiguresOf, "missing" | "estimated">;
  each?: "days" | "meters";
}) {
  const { t } = useTranslation();
  return (
    <>
      {of.missing > 0 ? (
        <span className="tag tag-warn" data-testid="gaps-missing">
          {t(each === "days" ? "reports.missingDays" : "reports.missingMeters", { count: of.missing })}
        </span>
      ) : null}
      {of.estimated > 0 ? (
        <span className="tag">
          {t(each === "days" ? "reports.estimatedDays" : "reports.estimatedMeters", { count: of.estimated })}
        </span>
      ) : null}
    </>
  );
}
