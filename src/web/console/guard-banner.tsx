import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { getOffGuard, offGuardKey } from "#web/shared/api-off-guard.ts";
import { useCan } from "#web/shared/can.tsx";

const AGAIN_MS = 30_000;

/** On every page: that nobody is cut off any more in a project, because that must not be forgotten. */
export function GuardBanner() {
  const { t } = useTranslation();
  const enabled = useCan("board.view");
  const guard = useQuery({ queryKey: offGuardKey, queryFn: getOffGuard, refetchInterval: AGAIN_MS, enabled });
  return guard.data?.projects
    .filter(({ stop }) => stop !== null)
    .map(({ projectId, name }) => (
      <p key={projectId} className="banner banner-error guard-banner" role="status" data-testid="guard-banner">
        {t("offGuard.banner", { name })} <Link to="/guard">{t("offGuard.see")}</Link>
      </p>
    ));
}
