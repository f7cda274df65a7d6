import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "./dialog.tsx";
import { FailedLine } from "./notice.tsx";

type ReasonDialogProps<Answer> = {
  title: string;
  /** What will happen, and to what money. */
  children: ReactNode;
  label: string;
  /** Said when the reason is missing; null: it may be left out. */
  missingText: string | null;
  confirmText: string;
  cancelText: string;
  danger?: boolean;
  /** Start of the test ids. */
  testId: string;
  act: (reason: string) => Promise<Answer>;
  /** When it is saved, so this may go to another page. */
  onDone: (answer: Answer) => void;
  onClose: () => void;
};

/** Says what will happen and asks why, before anything is done. The focus is on "back": Enter never does it. */
export function ReasonDialog<Answer>(props: ReasonDialogProps<Answer>) {
  const { testId, missingText, danger = false } = props;
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const doing = useMutation({ mutationFn: () => props.act(reason.trim()), onSuccess: props.onDone });
  const isMissing = tried && missingText !== null && reason.trim() === "";
  const confirm = (): void => {
    setTried(true);
    if (missingText !== null && reason.trim() === "") return;
    if (!doing.isPending) doing.mutate();
  };
  return (
    <Dialog title={props.title} onClose={props.onClose} testId={`${testId}-dialog`}>
      <div className="dialog-lead">{props.children}</div>
      <label className="field" htmlFor={`${testId}-reason`}>
        <span>{props.label}</span>
        <Input
          id={`${testId}-reason`}
          value={reason}
          maxLength={200}
          {...(isMissing ? { status: "error" as const, "aria-invalid": true } : {})}
          onChange={(event) => setReason(event.target.value)}
          data-testid={`${testId}-reason`}
        />
        <span className="field-problem" role="alert" data-testid={`${testId}-missing`}>
          {isMissing ? missingText : ""}
        </span>
      </label>
      {doing.error ? <FailedLine error={doing.error} testId={`${testId}-problem`} /> : null}
      <div className="dialog-buttons">
        <Button onClick={props.onClose} data-autofocus="" data-testid={`${testId}-cancel`}>
          {props.cancelText}
        </Button>
        <Button
          danger={danger}
          {...(danger ? {} : { type: "primary" as const })}
          onClick={confirm}
          aria-busy={doing.isPending}
          data-testid={`${testId}-confirm`}
        >
          {doing.isPending ? t("app.loading") : props.confirmText}
        </Button>
      </div>
    </Dialog>
  );
}
