import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { deviceKeys, getDevice } from "#web/shared/api-devices.ts";
import { dateTime, units } from "#web/shared/format.ts";
import "./devices.css";

/** The lines of indexes of a meter, when there was more than one: which device, at which ratio, from where to where. */
export function Segments({ meterId, kind }: { meterId: number; kind: "electricity" | "water" }) {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: deviceKeys.meter(meterId), queryFn: () => getDevice(meterId), retry: false });
  const segments = found.data?.segments ?? [];
  if (segments.length < 2) return null;
  const unit = t(`unit.sold.${kind}`);
  return (
    <section className="panel segments" data-testid="segments">
      <h2>{t("devices.segments")}</h2>
      <p className="muted">{t("devices.segmentsLead")}</p>
      <div className="segments-box">
        <table className="sheet">
          <thead>
            <tr>
              <th className="first">{t("devices.number")}</th>
              <th className="num">{t("devices.ratio")}</th>
              <th>{t("devices.from")}</th>
              <th className="num">{t("devices.openIndex")}</th>
              <th>{t("devices.until")}</th>
              <th className="num">{t("devices.closeIndex")}</th>
              <th className="num">
                {t("devices.usage")}({unit})
              </th>
            </tr>
          </thead>
          <tbody>
            {segments.map((each) => (
              <tr key={each.segment} data-testid={`segment-${each.segment}`}>
                <th scope="row" className="first">
                  {t("devices.segment", { n: each.segment })} · {each.number}
                </th>
                <td className="num">{each.ratio}</td>
                <td>{dateTime(each.fromAt)}</td>
                <td className="num">{units(each.openWh)}</td>
                <td>
                  {each.untilAt === null ? t("devices.since") : dateTime(each.untilAt)}{" "}
                  {each.endedBy === null ? null : each.endedBy === "exchange" ? (
                    <Link to={`/exchanges/${each.reference}`}>{t("devices.endedBy.exchange")}</Link>
                  ) : (
                    t("devices.endedBy.ratio")
                  )}
                </td>
                <td className="num">{units(each.closeWh)}</td>
                <td className="num" data-wh={each.usageWh ?? ""}>
                  {units(each.usageWh)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
