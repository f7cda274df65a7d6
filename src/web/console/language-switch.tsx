import { useTranslation } from "react-i18next";
import { chooseLanguage, currentLanguage, languages } from "#web/shared/i18n.ts";

/** Chinese or English, at once and remembered. */
export function LanguageSwitch() {
  const { t } = useTranslation();
  const current = currentLanguage();
  return (
    <fieldset className="choices languages" aria-label={t("app.language")}>
      {languages.map(({ code, name }) => (
        <button
          key={code}
          type="button"
          lang={code}
          aria-pressed={code === current}
          onClick={() => void chooseLanguage(code)}
          data-testid={`language-${code}`}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}
