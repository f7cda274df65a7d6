import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Checkbox, Input } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { collectionKeys } from "#web/shared/api-collection.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";

type FormDialogProps = {
  title: string;
  testId: string;
  children: ReactNode;
  /** With a reason and a tick: what it does hurts when it is done by mistake. */
  dangerous?: boolean;
  act: (reason: string) => Promise<unknown>;
  /** It stays open when it is done: what was made takes its place, or `act` has closed it. */
  showsMade?: boolean;
  onClose: () => void;
};

/**
 * A form of a few fields in a dialog, about something that is collected. A dangerous one asks why, and to be ticked; Enter never does it.
 * Done, it closes, and all that is shown of concentrators and their settings is asked for anew.
 */
export function FormDialog(props: FormDialogProps) {
  const { title, testId, children, dangerous = false, showsMade = false, act, onClose } = props;
  const client = useQueryClient();
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const [ticked, setTicked] = useState(false);
  const [tried, setTried] = useState(false);
  const doing = useMutation({
    mutationFn: () => act(reason.trim()),
    onSuccess: () => {
      for (const queryKey of [collectionKeys.all, collectionKeys.settings]) void client.invalidateQueries({ queryKey });
      if (!showsMade) onClose();
    },
  });
  const missing = !dangerous
    ? ""
    : reason.trim() === ""
      ? t("concentrators.reasonMissing")
      : ticked
        ? ""
        : t("concentrators.confirmMissing");
  const save = (): void => {
    setTried(true);
    if (missing === "" && !doing.isPending) doing.mutate();
  };
  return (
    <Dialog title={title} onClose={onClose} testId={`${testId}-dialog`}>
      <div className="archive-form">{children}</div>
      {dangerous ? (
        <div className="archive-form">
          <Field id={`${testId}-reason`} label={t("concentrators.reason")}>
            <Input
              id={`${testId}-reason`}
              value={reason}
              maxLength={200}
              onChange={(event) => setReason(event.target.value)}
              data-testid={`${testId}-reason`}
            />
          </Field>
          <Checkbox
            checked={ticked}
            onChange={(event) => setTicked(event.target.checked)}
            data-testid={`${testId}-tick`}
          >
            {t("concentrators.confirm")}
          </Checkbox>
          <span className="field-problem" role="alert">
            {tried ? missing : ""}
          </span>
        </div>
      ) : null}
      {doing.error ? <FailedLine error={doing.error} testId={`${testId}-problem`} /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose}>{t("concentrators.back")}</Button>
        <Button
          danger={dangerous}
          {...(dangerous ? {} : { type: "primary" as const })}
          onClick={save}
          aria-busy={doing.isPending}
          data-testid={`${testId}-save`}
        >
          {t("concentrators.save")}
        </Button>
      </div>
    </Dialog>
  );
}

/** A label above its field. */
export function Field({ id, label, children }: { id: string; label: string; children: ReactNode }) {
  return (
    <label className="field" htmlFor={id}>
      <span>{label}</span>
      {children}
    </label>
  );
}

type TextProps = { id: string; label: string; value: string; onChange: (value: string) => void; numeric?: boolean };

/** A text, or digits only. */
export function TextField({ id, label, value, onChange, numeric = false }: TextProps) {
  return (
    <Field id={id} label={label}>
      <Input
        id={id}
        value={value}
        maxLength={100}
        {...(numeric ? { inputMode: "numeric" as const } : {})}
        onChange={(event) => onChange(numeric ? event.target.value.replaceAll(/\D/g, "") : event.target.value)}
        data-testid={id}
      />
    </Field>
  );
}

type ChoiceProps = {
  id: string;
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
};

/** One of a list. The browser's own, so that it works with keys and on a phone. */
export function ChoiceField({ id, label, value, options, onChange }: ChoiceProps) {
  return (
    <Field id={id} label={label}>
      <select
        id={id}
        className="plain-select"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        data-testid={id}
      >
        {options.map((each) => (
          <option key={each.value} value={each.value}>
            {each.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** A cycle in seconds as it is typed; empty is null, as the level above. */
export function CycleField({ id, value, onChange }: { id: string; value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <TextField
        id={id}
        label={`${t("concentrators.cycle")}(${t("concentrators.cycleUnit")})`}
        value={value}
        numeric
        onChange={onChange}
      />
      <p className="muted">{t("concentrators.cycleLead")}</p>
    </>
  );
}

/** What was typed as a cycle; null for nothing. */
export function cycleTyped(text: string): number | null {
  return text === "" ? null : Number(text);
}
