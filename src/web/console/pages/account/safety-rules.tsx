import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { SafetySettings } from "#contract/safety.ts";
import type { Permission } from "#domain/permission.ts";
import { getSafetySettings, postSafetySettings, safetyKeys } from "#web/shared/api-safety.ts";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";

/** What is offered to ask for a second factor: whatever moves supply, money, prices, people or settings. */
const OFFERED = [
  "meter.trip",
  "guard.release",
  "refund.approve",
  "credit.clear",
  "price.approve",
  "reconcile.correct",
  "user.manage",
  "settings.manage",
] as const satisfies readonly Permission[];

/** What the site asks of everybody: how long a proof holds, and which permissions want a second factor. */
export function SafetyRules() {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: safetyKeys.settings, queryFn: getSafetySettings });
  return (
    <section className="panel account-part" data-testid="safety-rules">
      <h2>{t("safety.rules.title")}</h2>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={2} />
        )
      ) : (
        <RulesForm key={JSON.stringify(found.data)} settings={found.data} />
      )}
    </section>
  );
}

function RulesForm({ settings }: { settings: SafetySettings }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [minutes, setMinutes] = useState(String(settings.stepUpMinutes));
  const [wanted, setWanted] = useState<readonly Permission[]>(settings.totpPermissions);
  const [reason, setReason] = useState("");
  const saving = useMutation({
    mutationFn: () =>
      postSafetySettings({ stepUpMinutes: Number(minutes), totpPermissions: [...wanted], reason: reason.trim() }),
    onSuccess: (saved) => client.setQueryData(safetyKeys.settings, saved),
  });
  const isWrong = !/^\d{1,3}$/.test(minutes) || Number(minutes) > 720;
  return (
    <form
      className="account-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isWrong && reason.trim() !== "" && !saving.isPending) saving.mutate();
      }}
    >
      <label className="field" htmlFor="rules-minutes">
        <span>{t("safety.rules.minutes")}</span>
        <Input
          id="rules-minutes"
          inputMode="numeric"
          value={minutes}
          maxLength={3}
          {...(isWrong ? { status: "error" as const } : {})}
          onChange={(event) => setMinutes(event.target.value)}
          data-testid="rules-minutes"
        />
        <small>{t("safety.rules.minutesHint")}</small>
      </label>
      <fieldset>
        <legend>{t("safety.rules.demand")}</legend>
        <div className="account-choices">
          {OFFERED.map((each) => (
            <Checkbox
              key={each}
              checked={wanted.includes(each)}
              onChange={({ target }) =>
                setWanted(target.checked ? [...wanted, each] : wanted.filter((other) => other !== each))
              }
            >
              {t(`safety.rules.permission.${each.replace(".", "_") as "meter_trip"}`)}
            </Checkbox>
          ))}
        </div>
      </fieldset>
      <label className="field" htmlFor="rules-reason">
        <span>{t("safety.rules.reason")}</span>
        <Input
          id="rules-reason"
          value={reason}
          maxLength={200}
          onChange={(event) => setReason(event.target.value)}
          data-testid="rules-reason"
        />
      </label>
      {saving.error ? <FailedLine error={saving.error} testId="rules-problem" /> : null}
      <Button htmlType="submit" disabled={isWrong || reason.trim() === ""} data-testid="rules-save">
        {t("safety.rules.save")}
      </Button>
    </form>
  );
}
