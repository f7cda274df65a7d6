import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Input } from "antd";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Trial } from "#contract/trials.ts";
import { getTrialVerdict, postTrialCancel, postTrialRepeat, postTrialSign, trialKeys } from "#web/shared/api-trials.ts";
import { Can } from "#web/shared/can.tsx";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";

function useShown() {
  const client = useQueryClient();
  return (trial: Trial): void => void client.setQueryData(trialKeys.one(trial.trialNo), trial);
}

/** Ends a run before its time. */
export function CancelButton({ trial }: { trial: Trial }) {
  const { t } = useTranslation();
  const show = useShown();
  const [asking, setAsking] = useState(false);
  return (
    <Can do="concentrator.manage">
      <Button danger onClick={() => setAsking(true)} data-testid="trial-cancel">
        {t("trials.cancel")}
      </Button>
      {asking ? (
        <ReasonDialog
          title={t("trials.cancel")}
          label={t("trials.cancelReason")}
          missingText={null}
          confirmText={t("trials.cancel")}
          cancelText={t("trials.stay")}
          danger
          testId="trial-cancel"
          act={(reason) => postTrialCancel(trial.trialNo, reason)}
          onDone={(answer) => {
            show(answer);
            setAsking(false);
          }}
          onClose={() => setAsking(false)}
        >
          <p>{t("trials.cancelLead")}</p>
        </ReasonDialog>
      ) : null}
    </Can>
  );
}

type RepeatProps = { trial: Trial; meterIds: number[] | null; small?: boolean; testId: string };

/** Tries what failed once more: all of it, or one meter. */
export function RepeatButton({ trial, meterIds, small = false, testId }: RepeatProps) {
  const { t } = useTranslation();
  const show = useShown();
  const [asking, setAsking] = useState(false);
  const [switchTest, setSwitchTest] = useState(false);
  const count = meterIds?.length ?? trial.failed + trial.skipped;
  const repeating = useMutation({
    mutationFn: () => postTrialRepeat(trial.trialNo, { meterIds, switchTest }),
    onSuccess: (answer) => {
      show(answer);
      setAsking(false);
    },
  });
  return (
    <Can do="concentrator.manage">
      <Button
        size={small ? "small" : "middle"}
        className="no-print"
        onClick={() => setAsking(true)}
        data-testid={testId}
      >
        {small ? t("trials.repeatOne") : t("trials.repeat", { count })}
      </Button>
      {asking ? (
        <Dialog
          title={t("trials.repeatTitle", { count })}
          onClose={() => setAsking(false)}
          testId="trial-repeat-dialog"
        >
          <p className="dialog-lead">{t("trials.repeatLead")}</p>
          {trial.switchTest ? (
            <Checkbox
              checked={switchTest}
              onChange={(event) => setSwitchTest(event.target.checked)}
              data-testid="repeat-switch"
            >
              {t("trials.repeatSwitch")}
            </Checkbox>
          ) : null}
          {repeating.error ? <FailedLine error={repeating.error} testId="trial-repeat-problem" /> : null}
          <div className="dialog-buttons">
            <Button onClick={() => setAsking(false)} data-autofocus="">
              {t("trials.stay")}
            </Button>
            <Button
              type="primary"
              onClick={() => repeating.isPending || repeating.mutate()}
              aria-busy={repeating.isPending}
              data-testid="trial-repeat-confirm"
            >
              {repeating.isPending ? t("app.loading") : t("trials.confirm")}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </Can>
  );
}

/** Signs the report, for ever. */
export function SignButton({ trial }: { trial: Trial }) {
  const { t } = useTranslation();
  const show = useShown();
  const [asking, setAsking] = useState(false);
  const { passed, failed, skipped } = trial;
  return (
    <Can do="concentrator.manage">
      <Button type="primary" onClick={() => setAsking(true)} data-testid="trial-sign">
        {t("trials.sign")}
      </Button>
      {asking ? (
        <ReasonDialog
          title={t("trials.sign")}
          label={t("trials.signNote")}
          missingText={t("trials.signMissing")}
          confirmText={t("trials.sign")}
          cancelText={t("trials.stay")}
          testId="trial-sign"
          act={(note) => postTrialSign(trial.trialNo, note)}
          onDone={(answer) => {
            show(answer);
            setAsking(false);
          }}
          onClose={() => setAsking(false)}
        >
          <p>{t("trials.signLead", { passed, failed, skipped })}</p>
        </ReasonDialog>
      ) : null}
    </Can>
  );
}

/** Compares the code of a copy with what was signed. */
export function VerifyForm({ trialNo }: { trialNo: string }) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const verifying = useMutation({
    meta: { keepsTyped: true },
    mutationFn: () => getTrialVerdict(trialNo, code),
  });
  const verdict = verifying.data;
  const answer =
    verdict === undefined
      ? null
      : !verdict.intact || !verdict.audited
        ? ("verifyBroken" as const)
        : verdict.matches
          ? ("verifyGood" as const)
          : ("verifyOther" as const);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!verifying.isPending) verifying.mutate();
  };
  return (
    <section className="panel trial-verify no-print" aria-label={t("trials.verifyTitle")}>
      <h2>{t("trials.verifyTitle")}</h2>
      <p className="muted">{t("trials.verifyLead")}</p>
      <form onSubmit={submit} data-kept="">
        <label className="field" htmlFor="trial-verify-code">
          <span>{t("trials.code")}</span>
          <Input
            id="trial-verify-code"
            value={code}
            maxLength={100}
            onChange={(event) => setCode(event.target.value)}
            data-testid="verify-code"
          />
        </label>
        <Button htmlType="submit" aria-busy={verifying.isPending} data-testid="verify-submit">
          {t("trials.verify")}
        </Button>
      </form>
      {verifying.error ? <FailedLine error={verifying.error} testId="verify-problem" /> : null}
      {answer === null ? null : (
        <p
          role="status"
          className={`banner ${answer === "verifyGood" ? "banner-good" : "banner-error"}`}
          data-testid="verify-verdict"
          data-verdict={answer}
        >
          {t(`trials.${answer}`)}
        </p>
      )}
    </section>
  );
}
