import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Proof, whenProofIsNeeded } from "#web/shared/api.ts";
import { postProof } from "#web/shared/api-safety.ts";
import { Dialog } from "./dialog.tsx";
import { FailedLine } from "./notice.tsx";

/**
 * Asks again that it is really him, over whatever is open, when the server wants a fresh proof (再次验证) of something dangerous. The request that was
 * refused is then made again as it was, with its key: nothing typed is lost, and nothing is done twice.
 */
export function StepUp() {
  const [by, setBy] = useState<Proof | null>(null);
  const answer = useRef<(proved: boolean) => void>(() => {});
  useEffect(
    () =>
      whenProofIsNeeded(
        (wanted) =>
          new Promise((resolve) => {
            answer.current = resolve;
            setBy(wanted);
          }),
      ),
    [],
  );
  const end = (proved: boolean): void => {
    setBy(null);
    answer.current(proved);
  };
  return by === null ? null : <ProofDialog by={by} onEnd={end} />;
}

function ProofDialog({ by, onEnd }: { by: Proof; onEnd: (proved: boolean) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const proving = useMutation({
    meta: { keepsTyped: true },
    mutationFn: () => postProof({ [by]: text }),
    onSuccess: () => onEnd(true),
    onError: () => setText(""),
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (text !== "" && !proving.isPending) proving.mutate();
  };
  return (
    <Dialog title={t("safety.stepUp.title")} onClose={() => onEnd(false)} testId="step-up">
      <form onSubmit={submit}>
        <p className="dialog-lead">{t(`safety.stepUp.${by}Lead`)}</p>
        <label className="field" htmlFor="step-up-text">
          <span>{t(`safety.${by}`)}</span>
          <Input
            id="step-up-text"
            value={text}
            data-autofocus=""
            type={by === "password" ? "password" : "text"}
            autoComplete={by === "password" ? "current-password" : "one-time-code"}
            {...(by === "code" ? { inputMode: "text" as const } : {})}
            maxLength={by === "password" ? 256 : 40}
            onChange={(event) => setText(event.target.value)}
            data-testid="step-up-text"
          />
        </label>
        {proving.error ? <FailedLine error={proving.error} testId="step-up-problem" /> : null}
        <div className="dialog-buttons">
          <Button onClick={() => onEnd(false)} data-testid="step-up-cancel">
            {t("safety.stepUp.cancel")}
          </Button>
          <Button type="primary" htmlType="submit" aria-busy={proving.isPending} data-testid="step-up-confirm">
            {proving.isPending ? t("app.loading") : t("safety.stepUp.confirm")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
