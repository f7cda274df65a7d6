import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "#contract/session.ts";
import { postOwnPassword } from "#web/shared/api-people.ts";
import { Dialog } from "./dialog.tsx";
import { Foot } from "./foot.tsx";
import { LanguageSwitch } from "./language-switch.tsx";
import { Logo } from "./logo.tsx";
import { FailedLine } from "./notice.tsx";

/** Changes one's own password: the old one is asked for, and other sessions end. */
export function OwnPasswordDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [done, setDone] = useState(false);
  return (
    <Dialog title={t("people.ownPassword")} onClose={onClose} testId="own-password-dialog">
      {done ? (
        <>
          <p className="banner banner-good" role="status" data-testid="password-changed">
            {t("people.passwordChanged")}
          </p>
          <div className="dialog-buttons">
            <Button type="primary" onClick={onClose} data-autofocus="">
              {t("people.back")}
            </Button>
          </div>
        </>
      ) : (
        <>
          <p className="dialog-lead">{t("people.ownPasswordLead")}</p>
          <PasswordForm oldLabel={t("people.oldPassword")} onDone={() => setDone(true)} onCancel={onClose} />
        </>
      )}
    </Dialog>
  );
}

/** All there is for who came in with a password that somebody else chose. */
export function MustChangePage({ login, onDone }: { login: string; onDone: (me: Me) => void }) {
  const { t } = useTranslation();
  return (
    <main className="login">
      <div className="login-card" data-testid="must-change">
        <div className="login-head">
          <Logo size={40} />
          <div>
            <h1>{t("people.mustTitle")}</h1>
            <p>{login}</p>
          </div>
        </div>
        <p className="dialog-lead">{t("people.mustLead")}</p>
        <PasswordForm oldLabel={t("people.initialPassword")} onDone={onDone} onCancel={null} />
      </div>
      <LanguageSwitch />
      <Foot />
    </main>
  );
}

type FormProps = { oldLabel: string; onDone: (me: Me) => void; onCancel: (() => void) | null };

function PasswordForm({ oldLabel, onDone, onCancel }: FormProps) {
  const { t } = useTranslation();
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [tried, setTried] = useState(false);
  const changing = useMutation({ mutationFn: () => postOwnPassword({ old, password }), onSuccess: onDone });
  const differs = password !== again;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setTried(true);
    if (old !== "" && password !== "" && !differs && !changing.isPending) changing.mutate();
  };
  const field = (id: string, label: string, value: string, set: (text: string) => void, kind: "current" | "new") => (
    <label className="field" htmlFor={id}>
      <span>{label}</span>
      <Input
        id={id}
        type="password"
        value={value}
        maxLength={128}
        autoComplete={`${kind}-password`}
        onChange={(event) => set(event.target.value)}
        data-testid={id}
        {...(kind === "current" ? { "data-autofocus": "" } : {})}
      />
    </label>
  );
  return (
    <form className="password-form" onSubmit={submit}>
      {field("password-old", oldLabel, old, setOld, "current")}
      {field("password-new", t("people.newPassword"), password, setPassword, "new")}
      <small>{t("people.passwordHint")}</small>
      {field("password-again", t("people.again"), again, setAgain, "new")}
      <span className="field-problem" role="alert">
        {tried && differs ? t("people.different") : ""}
      </span>
      {changing.error ? <FailedLine error={changing.error} testId="password-problem" /> : null}
      <div className="dialog-buttons">
        {onCancel === null ? null : <Button onClick={onCancel}>{t("people.cancel")}</Button>}
        <Button type="primary" htmlType="submit" aria-busy={changing.isPending} data-testid="password-save">
          {t("people.changePassword")}
        </Button>
      </div>
    </form>
  );
}
