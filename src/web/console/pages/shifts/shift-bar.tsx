import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { deskKeys, getShifts } from "#web/shared/api-desk.ts";
import { dateTime, shortTime } from "#web/shared/format.ts";
import { NotYet } from "../../notice.tsx";
import "./shifts.css";

const POLL_MS = 15_000;

/** At the desk: which shift the cash belongs to, and a word when it was forgotten over night. */
export function ShiftBar() {
  const { t } = useTranslation();
  const mine = useQuery({
    queryKey: deskKeys.shiftList("mine"),
    queryFn: () => getShifts({ mine: "1", state: "open" }),
    refetchInterval: POLL_MS,
  });
  if (mine.data === undefined) return mine.error ? <NotYet of={mine} /> : null;
  const open = mine.data.items;
  return (
    <div className="shift-bar no-print" data-testid="shift-bar" data-open={open.length}>
      {open.length === 0 ? (
        <span className="muted">
          {t("shifts.opensByItself")} <Link to="/shifts">{t("shifts.openByHand")}</Link>
        </span>
      ) : (
        open.map((shift) => (
          <span key={shift.shiftId} className={shift.overnight ? "banner banner-warn" : "muted"}>
            {t(shift.overnight ? "shifts.forgotten" : "shifts.current", {
              id: shift.shiftId,
              time: shift.overnight ? dateTime(shift.openedAt) : shortTime(shift.openedAt, Date.now()),
            })}{" "}
            <Link to={`/shifts/${shift.shiftId}`} data-testid="shift-close-link">
              {t("shifts.close")}
            </Link>
          </span>
        ))
      )}
    </div>
  );
}
