import { useTranslation } from "react-i18next";
import { SOFTWARE_VERSION } from "#base/version.ts";

/** The foot of every page (页脚): the version of the pages, which is that of the release that they came with. Not on paper. */
export function Foot() {
  const { t } = useTranslation();
  return (
    <footer className="foot" data-testid="foot">
      {t("app.version", { version: SOFTWARE_VERSION })}
    </footer>
  );
}
