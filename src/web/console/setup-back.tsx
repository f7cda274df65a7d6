import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";

/** Under which this window remembers that somebody came from the set-up assistant, and from which step. */
const KEPT_AS = "jichao.setup.step";

/** Remembers, in this window, which step of the set-up somebody leaves for another page; null: none any more. */
export function rememberStep(step: string | null): void {
  if (step === null) sessionStorage.removeItem(KEPT_AS);
  else sessionStorage.setItem(KEPT_AS, step);
}

/** On other pages: the way back to the step of the set-up (开通向导) from which one came. */
export function SetupBack() {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const [, setClosed] = useState(0);
  const step = sessionStorage.getItem(KEPT_AS);
  if (step === null || pathname === "/setup") return null;
  return (
    <p className="banner setup-back no-print" data-testid="setup-back">
      <Link to={`/setup?step=${encodeURIComponent(step)}`}>{t("setupBack.back")}</Link>{" "}
      <Button
        size="small"
        onClick={() => {
          rememberStep(null);
          setClosed((n) => n + 1);
        }}
      >
        {t("setupBack.close")}
      </Button>
    </p>
  );
}
