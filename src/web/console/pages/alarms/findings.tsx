import { useTranslation } from "react-i18next";
import type { AlarmSummary } from "#contract/alarms.ts";
import { alarmFindings } from "#domain/alarm.ts";

/** How many alarms wait, are open or ended, and what visits found (处理结果统计). */
export function Findings({ summary }: { summary: AlarmSummary }) {
  const { t } = useTranslation();
  const { waiting, open, closed, findings, alone } = summary;
  const counts: (readonly [id: string, word: string, count: number])[] = [
    ["waiting", t("alarms.count.waiting"), waiting],
    ["open", t("alarms.count.open"), open],
    ["closed", t("alarms.count.closed"), closed],
    ...alarmFindings.map((each) => [each, t(`alarms.findings.${each}`), findings[each]] as const),
    ["moved", t("alarms.count.moved"), alone.moved],
    ["left", t("alarms.count.left"), alone.left],
    ["released", t("alarms.count.released"), alone.released],
    ["replaced", t("alarms.count.replaced"), alone.replaced],
  ];
  return (
    <dl className="alarm-counts" aria-label={t("alarms.findingsTitle")}>
      {counts.map(([id, word, count]) => (
        <div key={id}>
          <dt>{word}</dt>
          <dd data-testid={`count-${id}`} data-count={count}>
            {count}
          </dd>
        </div>
      ))}
    </dl>
  );
}
