import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { copyText } from "#web/shared/copy-text.ts";

/** A password that was made, this once: it is nowhere else, and gone when the page is left. */
export function PasswordShown({ title, password, onDone }: { title: string; password: string; onDone: () => void }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  return (
    <section className="panel password-shown" aria-label={t("people.initial")} data-testid="password-shown">
      <h2>{title}</h2>
      <p>{t("people.shownOnce")}</p>
      <p className="password-text">
        <code data-testid="password-text">{password}</code>
      </p>
      <p className="muted">{t("people.initialLead")}</p>
      <div className="row-buttons">
        <Button onClick={() => void copyText(password).then(() => setCopied(true))}>
          {t(copied ? "people.copied" : "people.copy")}
        </Button>
        <Button type="primary" onClick={onDone} data-testid="password-done">
          {t("people.done")}
        </Button>
      </div>
    </section>
  );
}
