import { useTranslation } from "react-i18next";
import { chooseTheme, themeChoices } from "#web/shared/theme.ts";
import { useThemeChoice } from "./use-theme.ts";

/** Light, dark, or as the system has it, at once and remembered. */
export function ThemeSwitch() {
  const { t } = useTranslation();
  const chosen = useThemeChoice();
  return (
    <fieldset className="choices" aria-label={t("app.theme")}>
      {themeChoices.map((choice) => (
        <button
          key={choice}
          type="button"
          aria-pressed={choice === chosen}
          onClick={() => chooseTheme(choice)}
          data-testid={`theme-${choice}`}
        >
          {t(`app.themes.${choice}`)}
        </button>
      ))}
    </fieldset>
  );
}
