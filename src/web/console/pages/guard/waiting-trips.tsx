import i18next from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { HeldTrip } from "#contract/off-guard.ts";
import { dateTime } from "#web/shared/format.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { Notice } from "../../notice.tsx";

/** Trips that wait: whom they would cut off, and what holds them back. */
export function WaitingTrips({ items, more }: { items: readonly HeldTrip[]; more: boolean }) {
  const { t } = useTranslation();
  if (items.length === 0)
    return <Notice title={t("offGuard.none")} lead={t("offGuard.noneLead")} testId="trips-none" />;
  const columns = ["room", "meter", "cause", "held", "askedAt", "expiresAt"] as const;
  return (
    <section aria-label={t("offGuard.waiting")}>
      <h2>{t("offGuard.waiting")}</h2>
      <div className="panel table-box">
        <table className="table" data-testid="waiting-trips">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {t(`offGuard.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {items.map((trip) => (
              <tr key={trip.id}>
                <td>
                  <Link to={`/?meter=${trip.meterId}`}>{trip.label}</Link>
                </td>
                <td>{trip.number}</td>
                <td>{wordAt(`offGuard.causes.${trip.cause}`) ?? trip.cause}</td>
                <td>
                  {trip.held === "" ? t("offGuard.noHold") : (wordAt(`command.stateReason.${trip.held}`) ?? trip.held)}
                </td>
                <td data-label={t("offGuard.askedAt")}>{dateTime(trip.askedAt)}</td>
                <td data-label={t("offGuard.expiresAt")}>{dateTime(trip.expiresAt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more ? <p className="muted">{t("offGuard.more", { count: items.length })}</p> : null}
    </section>
  );
}

function wordAt(path: string): string | null {
  const found: unknown = i18next.getResource(currentLanguage(), "translation", path);
  return typeof found === "string" ? found : null;
}
