import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { alarmKeys, getAlarmSummary } from "#web/shared/api-alarms.ts";
import { useCan } from "#web/shared/can.tsx";
import { Icon } from "./icons.tsx";

const AGAIN_MS = 15_000;
const SHOWN_MAX = 99;

/** How many alarms in one's scope nobody has acknowledged; 0 for who sees none, null when it could not be told. */
function useWaitingAlarms(): number | null {
  const enabled = useCan("alarm.view");
  const summary = useQuery({
    queryKey: alarmKeys.summary(""),
    queryFn: () => getAlarmSummary(""),
    refetchInterval: AGAIN_MS,
    enabled,
  });
  return summary.data?.waiting ?? (summary.error ? null : 0);
}

/** In the top bar while alarms wait for somebody: how many, and the way there. That nobody knows is no silence. */
export function AlarmBell() {
  const { t } = useTranslation();
  const waiting = useWaitingAlarms();
  if (waiting === 0) return null;
  const text = waiting === null ? t("alarms.unknown") : t("alarms.waiting", { count: waiting });
  return (
    <Link
      to="/alarms?acknowledged=no"
      className="icon-button export-tray"
      title={text}
      aria-label={text}
      data-testid="alarm-bell"
      data-count={waiting ?? "unknown"}
    >
      <Icon name="alarm" size={20} />
      <span className="export-count" aria-hidden="true">
        {waiting === null ? "?" : waiting > SHOWN_MAX ? `${SHOWN_MAX}+` : waiting}
      </span>
    </Link>
  );
}
