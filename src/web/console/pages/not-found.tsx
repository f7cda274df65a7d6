import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { Notice } from "../notice.tsx";

/** An address that leads nowhere. */
export function NotFound() {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  return (
    <main className="page" id="main" tabIndex={-1}>
      <Notice
        title={t("notFound.title")}
        lead={t("notFound.lead")}
        detail={t("notFound.detail", { address: pathname.slice(0, 200) })}
        action={
          <Link className="link-button" to="/">
            {t("notFound.home")}
          </Link>
        }
        testId="not-found"
        page
      />
    </main>
  );
}
