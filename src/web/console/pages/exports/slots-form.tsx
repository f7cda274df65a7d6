import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addDays, dayOf, instant } from "#base/time.ts";
import { SLOT_DAYS_MAX, slotMinutes } from "#contract/export-kinds.ts";
import { exportsKey, postExport } from "#web/shared/api-exports.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { newKey } from "#web/shared/new-key.ts";
import { FailedLine } from "../../notice.tsx";
import { ReportFilter, useReportFilter } from "../reports/report-filter.tsx";

/** Asks for the readings of all meters by slots of minutes or hours (整站时段读数): always in the background. */
export function SlotsForm() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const yesterday = addDays(dayOf(instant(Date.now())), -1);
  const defaults = { kind: "electricity", from: yesterday, to: yesterday, minutes: "60" };
  const { asked, change } = useReportFilter(defaults);
  const [key, setKey] = useState(newKey);
  const filter = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== ""));
  const asking = useMutation({
    mutationFn: () => postExport({ key, report: "readings", filter, language: currentLanguage() }),
    onSuccess: async () => {
      setKey(newKey());
      await client.invalidateQueries({ queryKey: exportsKey });
    },
    // What was asked under a key that failed may be changed: the next try is another wish.
    onError: () => setKey(newKey()),
  });
  const date = (name: "from" | "to") => (
    <label className="filter-field">
      <span>{t(`exports.${name}`)}</span>
      <input
        type="date"
        value={asked[name]}
        max={yesterday}
        onChange={(event) => event.target.value !== "" && change({ [name]: event.target.value })}
        data-testid={`slots-${name}`}
      />
    </label>
  );
  return (
    <section className="panel slots-form" aria-label={t("exports.slots")}>
      <h2>{t("exports.slots")}</h2>
      <p className="muted">{t("exports.slotsLead", { days: SLOT_DAYS_MAX })}</p>
      <ReportFilter asked={asked} change={change}>
        {date("from")}
        {date("to")}
        <label className="filter-field">
          <span>{t("exports.length")}</span>
          <select
            value={asked.minutes}
            onChange={(event) => change({ minutes: event.target.value })}
            data-testid="slots-minutes"
          >
            {slotMinutes.map((minutes) => (
              <option key={minutes} value={minutes}>
                {minutes === "60" ? t("exports.hour") : t("exports.minutes", { minutes })}
              </option>
            ))}
          </select>
        </label>
      </ReportFilter>
      <Button onClick={() => asking.isPending || asking.mutate()} aria-busy={asking.isPending} data-testid="slots-ask">
        {t("exports.ask")}
      </Button>
      {asking.error ? <FailedLine error={asking.error} testId="slots-problem" /> : null}
    </section>
  );
}
