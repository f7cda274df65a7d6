import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConcentratorView, ItemSet, MeterOnChannel } from "#contract/collection.ts";
import { Can } from "#web/shared/can.tsx";
import { MISSING, shortTime } from "#web/shared/format.ts";
import { SheetBox } from "../../sheet-box.tsx";
import { AddMeter } from "./add-meter.tsx";
import { EditMeter, MoveMeter, ProtocolDialog, RetireMeter } from "./meter-dialogs.tsx";
import { TestRead } from "./read-now.tsx";

type Doing = { what: "edit" | "protocol" | "move" | "retire" | "read"; meter: MeterOnChannel };

/** The meters behind a concentrator with how well each answers, and what can be done with them. */
export function MeterTable({ seen, sets }: { seen: ConcentratorView; sets: readonly ItemSet[] }) {
  const { t } = useTranslation();
  const [doing, setDoing] = useState<Doing | null>(null);
  const [isAdding, setAdding] = useState(false);
  const close = (): void => setDoing(null);
  return (
    <section className="archive-part" aria-label={t("channelMeters.title")}>
      <div className="page-head">
        <h2>{t("channelMeters.title")}</h2>
        <Can do="meter.manage">
          <Button onClick={() => setAdding(true)} data-testid="add-meter">
            {t("channelMeters.add")}
          </Button>
        </Can>
      </div>
      {seen.meterList.length === 0 ? (
        <p className="empty-line">{t("channelMeters.empty")}</p>
      ) : (
        <SheetBox cards name="concentrator-meters">
          <table className="sheet" data-testid="channel-meters">
            <thead>
              <tr>
                <th className="first">{t("channelMeters.label")}</th>
                <th>{t("channelMeters.number")}</th>
                <th>{t("channelMeters.address")}</th>
                <th>{t("channelMeters.profile")}</th>
                <th className="num">{t("channelMeters.bus")}</th>
                <th>{t("channelMeters.quality")}</th>
                <th>{t("channelMeters.lastAnswer")}</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {seen.meterList.map((meter) => (
                <tr key={meter.meterId} data-testid={`channel-meter-${meter.meterId}`}>
                  <th scope="row" className="first">
                    {meter.label}
                    {meter.gatewayId === null ? null : <small>{t("channelMeters.via")}</small>}
                  </th>
                  <td>{meter.number}</td>
                  <td>{meter.address}</td>
                  <td>{meter.profile}</td>
                  <td className="num">{meter.bus}</td>
                  <td>
                    <Quality meter={meter} />
                  </td>
                  <td>{shortTime(meter.lastAnswerAt, seen.asOf)}</td>
                  <td>
                    <div className="row-buttons meter-acts">
                      <Can do="meter.read">
                        <Button
                          size="small"
                          onClick={() => setDoing({ what: "read", meter })}
                          data-testid={`read-${meter.meterId}`}
                        >
                          {t("channelMeters.read")}
                        </Button>
                      </Can>
                      <Can do="meter.manage">
                        {(["edit", "protocol", "move", "retire"] as const).map((what) => (
                          <Button
                            key={what}
                            size="small"
                            danger={what === "retire"}
                            onClick={() => setDoing({ what, meter })}
                            data-testid={`${what}-${meter.meterId}`}
                          >
                            {t(`channelMeters.${what === "edit" ? "rename" : what}`)}
                          </Button>
                        ))}
                      </Can>
                    </div>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </SheetBox>
      )}
      {isAdding ? <AddMeter seen={seen} onClose={() => setAdding(false)} /> : null}
      {doing?.what === "edit" ? <EditMeter meter={doing.meter} sets={sets} onClose={close} /> : null}
      {doing?.what === "protocol" ? <ProtocolDialog meter={doing.meter} onClose={close} /> : null}
      {doing?.what === "move" ? <MoveMeter seen={seen} meter={doing.meter} onClose={close} /> : null}
      {doing?.what === "retire" ? <RetireMeter meter={doing.meter} onClose={close} /> : null}
      {doing?.what === "read" ? <TestRead concentratorId={seen.id} meter={doing.meter} onClose={close} /> : null}
    </section>
  );
}

function Quality({ meter }: { meter: MeterOnChannel }) {
  const { t } = useTranslation();
  if (meter.questions === 0) return MISSING;
  const rate = Math.floor((meter.answers / meter.questions) * 100);
  return (
    <>
      <span className={rate < 90 ? "bad-text" : ""}>{rate} %</span>
      <small>
        {t("channelMeters.qualityLead", { asked: meter.questions, answered: meter.answers })}
        {meter.tookMs === null ? "" : ` · ${t("channelMeters.took", { ms: meter.tookMs })}`}
      </small>
    </>
  );
}
