import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { HeldMeter } from "#contract/reliability.ts";
import { Can } from "#web/shared/can.tsx";

type Props = { items: readonly HeldMeter[]; more: boolean; onRelease: (meter: HeldMeter) => void };

/** Meters that a restore holds back: what the books say, what the meter shows, and what to do. */
export function HeldMeters({ items, more, onRelease }: Props) {
  const { t } = useTranslation();
  const columns = ["room", "meter", "stateHead", "booked", "shown", "waitingCommands", "why"] as const;
  return (
    <section aria-label={t("quarantine.meters")}>
      <h2>{t("quarantine.meters")}</h2>
      {items.length === 0 ? (
        <p className="muted">{t("quarantine.noMeters")}</p>
      ) : (
        <div className="panel table-box">
          <table className="table" data-testid="held-meters">
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column} scope="col">
                    {t(`quarantine.${column}`)}
                  </th>
                ))}
                <th scope="col">{t("quarantine.free")}</th>
              </tr>
            </thead>
            <tbody>
              {items.map((meter) => (
                <tr key={meter.meterId} data-testid={`held-${meter.meterId}`}>
                  <td>
                    <Link to={`/?meter=${meter.meterId}`}>{meter.label}</Link>
                  </td>
                  <td>{meter.number}</td>
                  <td>
                    <span className={`tag ${meter.state === "doubtful" ? "tag-bad" : "tag-warn"}`}>
                      {t(`quarantine.counts.${meter.state}`)}
                    </span>
                  </td>
                  <td data-label={t("quarantine.booked")}>{meter.booked ?? "—"}</td>
                  <td data-label={t("quarantine.shown")}>{meter.shown ?? "—"}</td>
                  <td data-label={t("quarantine.waitingCommands")}>{meter.commands}</td>
                  <td className="held-why">
                    {meter.reason === "" ? null : t(`quarantine.reasons.${meter.reason}`)}
                    {meter.online ? null : ` · ${t("quarantine.offline")}`}
                  </td>
                  <td className="held-do">
                    <Can do="guard.release">
                      <Button size="small" onClick={() => onRelease(meter)} data-testid={`free-${meter.meterId}`}>
                        {t("quarantine.free")}
                      </Button>
                    </Can>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {more ? <p className="muted">{t("quarantine.more", { count: items.length })}</p> : null}
    </section>
  );
}
