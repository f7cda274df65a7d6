import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { getQuarantine, quarantineKey } from "#web/shared/api-reliability.ts";
import { useCan } from "#web/shared/can.tsx";

const AGAIN_MS = 60_000;

/** On every page: that the system was restored from a backup, because then commands wait and books may lack payments. */
export function QuarantineBanner() {
  const { t } = useTranslation();
  const enabled = useCan("board.view");
  const found = useQuery({ queryKey: quarantineKey, queryFn: getQuarantine, refetchInterval: AGAIN_MS, enabled });
  if (found.data === undefined || found.data === null) return null;
  return (
    <p className="banner banner-error guard-banner" role="status" data-testid="quarantine-banner">
      {t("quarantine.banner")} <Link to="/quarantine">{t("quarantine.see")}</Link>
    </p>
  );
}
