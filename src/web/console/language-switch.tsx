import { useState } from "react";
import { useTranslation } from "react-i18next";
import { chooseLanguage, currentLanguage, type Language, languages } from "#web/shared/i18n.ts";

/** Chinese or English, without a reload and remembered. The sentences are fetched when they are first asked for. */
export function LanguageSwitch() {
  const { t } = useTranslation();
  const [failed, setFailed] = useState(false);
  const current = currentLanguage();
  const choose = async (language: Language): Promise<void> => {
    setFailed(false);
    await chooseLanguage(language).catch(() => setFailed(true));
  };
  return (
    <fieldset className="choices languages" aria-label={t("app.language")}>
      {languages.map(({ code, name }) => (
        <button
          key={code}
          type="button"
          lang={code}
          aria-pressed={code === current}
          onClick={() => void choose(code)}
          data-testid={`language-${code}`}
        >
          {name}
        </button>
      ))}
      {failed ? (
        <span className="field-problem choices-problem" role="alert" data-testid="language-failed">
          {t("failure.network")}
        </span>
      ) : null}
    </fieldset>
  );
}
