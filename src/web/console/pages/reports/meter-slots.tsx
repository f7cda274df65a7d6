import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Day, HOUR_MS, MINUTE_MS, startOfDay } from "#base/time.ts";
import type { MeterSlots, SlotPartView } from "#contract/reports.ts";
import { usageThen } from "#domain/compared-period.ts";
import { clockTime, dateTime, units } from "#web/shared/format.ts";
import { Notice } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { ComparedCells, ComparedHeads } from "./compared.tsx";
import { UnitsCell, YuanCell } from "./figures.tsx";
import { linkTo, type MeterView } from "./meter-view.ts";
import { type Bar, UsageChart } from "./usage-chart.tsx";

type Props = { report: MeterSlots; other: MeterSlots | null; view: MeterView };
type Part = SlotPartView & { otherWh: number | null };

/** A day or an hour of a meter by slots, as a chart and as a table of the same figures. */
export function MeterSlotsView({ report, other, view }: Props) {
  const { t } = useTranslation();
  const unit = t(`reports.unit.${report.kind}`);
  const { hour } = view;
  const parts = useMemo(() => partsShown(report, other, hour), [report, other, hour]);
  const name = hour === null ? report.day : `${report.day} ${clock(startOfDay(report.day as Day) + hour * HOUR_MS)}`;
  const bars = useMemo(
    () =>
      parts.flatMap((part, i) => {
        const note = part.slots > 1 ? `${t("slots.together", { count: part.slots })}: ${units(part.usageWh)}` : "";
        const begun = part.openSource === "break" && parts[i - 1]?.segment !== part.segment;
        const mark = begun ? t("reports.segment", { n: part.segment }) : null;
        return slotsIn(part, report.minutes).map((slot, k): Bar => {
          const isAlone = part.slots === 1;
          return {
            name: clock(slot.from),
            usageWh: isAlone ? part.usageWh : null,
            otherWh: isAlone ? part.otherWh : null,
            isMissing: !isAlone || part.usageWh === null,
            note,
            mark: k === 0 ? mark : null,
          };
        });
      }),
    [parts, report.minutes, t],
  );
  if (report.madeAt === null) {
    return (
      <Notice title={t("slots.notClosed", { day: report.day })} lead={t("slots.notClosedLead")} testId="report-empty" />
    );
  }
  return (
    <>
      <UsageChart period={name} other={view.other} unit={unit} bars={bars} />
      <SheetBox>
        <table className="sheet" data-testid="slots">
          <thead>
            <tr>
              <th className="first">{t("slots.slot")}</th>
              <th className="num">{t("reports.usage", { unit })}</th>
              {view.other === null ? null : <ComparedHeads period={view.other} unit={unit} />}
              <th className="num">{t("reports.cost")}</th>
              <th>{t("reports.quality")}</th>
              <th className="num">{t("reports.open")}</th>
              <th className="num">{t("reports.close")}</th>
              <th className="num">{t("reports.ratio")}</th>
            </tr>
          </thead>
          <tbody>
            {parts.map((part) => (
              <PartRows key={`${part.segment}-${part.from}`} part={part} minutes={report.minutes} view={view} />
            ))}
          </tbody>
          {hour === null ? (
            <tfoot>
              <tr>
                <th className="first">{t("reports.sum")}</th>
                <UnitsCell wh={report.usageWh} exact testId="slots-sum" />
                {view.other === null ? null : (
                  <ComparedCells usageWh={report.usageWh} otherWh={other?.usageWh ?? null} exact />
                )}
                <YuanCell text={report.cost} testId="slots-cost" />
                <td colSpan={4} />
              </tr>
            </tfoot>
          ) : null}
        </table>
      </SheetBox>
      <p className="muted slots-lead">
        {t("slots.lead")} {t("slots.costLead")}
      </p>
    </>
  );
}

/** What was used in an hour and how many of its slots have no figure of their own: parts that go beyond it count whole, as the table shows them. */
export function hourFigures(report: MeterSlots, hour: number): { usageWh: number | null; missing: number } {
  const parts = partsShown(report, null, hour);
  const known = parts.flatMap(({ usageWh }) => (usageWh === null ? [] : [usageWh]));
  return {
    usageWh: known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0),
    missing: parts.reduce((sum, part) => sum + (part.slots > 1 || part.usageWh === null ? part.slots : 0), 0),
  };
}

/** The parts that lie in an hour, or all; each with what was used then on the day that it is compared with. */
function partsShown(report: MeterSlots, other: MeterSlots | null, hour: number | null): Part[] {
  const start = startOfDay(report.day as Day);
  const [from, to] =
    hour === null ? [start, start + 24 * HOUR_MS] : [start + hour * HOUR_MS, start + (hour + 1) * HOUR_MS];
  const shift = other === null ? 0 : startOfDay(other.day as Day) - start;
  return report.items
    .filter((part) => part.from < to && part.to > from)
    .map((part) => ({ ...part, otherWh: other === null ? null : usageThen(part, other.items, shift) }));
}

/** The slots that a part covers, cut to where it begins and ends. */
function slotsIn(part: SlotPartView, minutes: number): { from: number; to: number }[] {
  const length = minutes * MINUTE_MS;
  const first = Math.floor(part.from / length) * length;
  return Array.from({ length: part.slots }, (_, i) => ({
    from: Math.max(part.from, first + i * length),
    to: Math.min(part.to, first + (i + 1) * length),
  }));
}

/** A part as rows: one for each slot, with one figure for all of them together. */
function PartRows({ part, minutes, view }: { part: Part; minutes: number; view: MeterView }) {
  const { t } = useTranslation();
  const slots = slotsIn(part, minutes);
  const begins = part.openSource === "break";
  return slots.map((slot, i) => {
    const isLast = i === slots.length - 1;
    const name = `${clock(slot.from)}–${clock(slot.to)}`;
    const hour = Math.floor((slot.from - startOfDay(view.period as Day)) / HOUR_MS);
    return (
      <tr key={slot.from} data-testid="slot" data-slot={clock(slot.from)} data-quality={part.quality}>
        <th scope="row" className="first">
          {view.hour === null && view.minutes === "60" ? (
            <Link to={linkTo(view, { hour, minutes: "15" })}>{name}</Link>
          ) : (
            name
          )}
          {i === 0 && begins ? <small>{t("slots.brokenFrom", { n: part.segment })}</small> : null}
        </th>
        {i > 0 ? null : (
          <>
            <UnitsCell
              wh={part.usageWh}
              estimated={part.quality === "estimated"}
              exact
              rowSpan={slots.length}
              note={part.slots > 1 ? t("slots.together", { count: part.slots }) : ""}
              testId="usage"
            />
            {view.other === null ? null : (
              <ComparedCells usageWh={part.usageWh} otherWh={part.otherWh} rowSpan={slots.length} exact />
            )}
            <YuanCell text={part.cost} rowSpan={slots.length} testId="cost" />
            <td rowSpan={slots.length}>
              <span className={part.quality === "gap" || part.quality === "missing" ? "tag tag-warn" : ""}>
                {t(`slots.qualities.${part.quality}`)}
              </span>
            </td>
          </>
        )}
        <EdgeCell wh={i === 0 ? part.openWh : null} at={part.openAt} source={part.openSource} day={view.period} />
        <EdgeCell wh={isLast ? part.closeWh : null} at={part.closeAt} source={part.closeSource} day={view.period} />
        <td className="num">{part.ratio}</td>
      </tr>
    );
  });
}

type EdgeProps = {
  wh: number | null;
  at: number | null;
  source: SlotPartView["openSource"];
  /** Times of this day are told without it. */
  day: string;
};

function EdgeCell({ wh, at, source, day }: EdgeProps) {
  const { t } = useTranslation();
  return (
    <td className={`num${wh === null ? " missing" : ""}`} data-wh={wh ?? ""}>
      {units(wh)}
      {wh === null || source === null ? null : (
        <small>
          {t(`reports.sources.${source}`)} {dateTime(at).replace(`${day} `, "")}
        </small>
      )}
    </td>
  );
}

/** `10:15`; the end of a day is `00:00`. */
function clock(at: number): string {
  return clockTime(at).slice(0, 5);
}
