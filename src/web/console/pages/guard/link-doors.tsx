import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { LinkAlarmView, LinkProject } from "#contract/links.ts";
import { getLinks, linksKey, postLinkRisk } from "#web/shared/api-links.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";

const AGAIN_MS = 10_000;

/** The door through which concentrators come (接入通道): the risk of plain links for each project, and alarms of the door. */
export function LinkDoors() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState<LinkProject | null>(null);
  const links = useQuery({ queryKey: linksKey, queryFn: getLinks, refetchInterval: AGAIN_MS });
  const done = (): void => {
    setAsking(null);
    void client.invalidateQueries({ queryKey: linksKey });
  };
  const what = asking?.risk ? "drop" : "take";
  return (
    <section aria-label={t("links.title")} className="link-doors">
      <div className="page-head">
        <h2>{t("links.title")}</h2>
        {links.data ? <small>{t("meter.asOf", { time: dateTime(links.data.asOf) })}</small> : null}
      </div>
      <p className="muted guard-lead">{t("links.lead")}</p>
      {links.data === undefined ? (
        links.error ? (
          <FailedNotice error={links.error} retry={() => void links.refetch()} />
        ) : (
          <Loading rows={2} />
        )
      ) : (
        <>
          <div className="guarded">
            {links.data.projects.map((project) => (
              <RiskCard key={project.projectId} project={project} onAsk={() => setAsking(project)} />
            ))}
          </div>
          <Alarms alarms={links.data.alarms} />
        </>
      )}
      {asking === null ? null : (
        <ReasonDialog
          title={t(`links.${what}Title`, { name: asking.name })}
          label={t("links.reason")}
          missingText={t("links.reasonMissing")}
          confirmText={t(`links.${what}`)}
          cancelText={t("links.cancel")}
          danger={what === "take"}
          testId={`link-risk-${what}`}
          act={(reason) => postLinkRisk({ projectId: asking.projectId, taken: what === "take", reason })}
          onDone={done}
          onClose={done}
        >
          <p>{t(`links.${what}Lead`, { count: asking.unproved })}</p>
        </ReasonDialog>
      )}
    </section>
  );
}

function RiskCard({ project, onAsk }: { project: LinkProject; onAsk: () => void }) {
  const { t } = useTranslation();
  const { risk, unproved } = project;
  return (
    <article className="panel guard-card" data-testid="link-project" data-risk={risk !== null}>
      <header className="guard-head">
        <h3>{project.name}</h3>
        <span className={`tag ${unproved === 0 ? "tag-good" : "tag-bad"}`}>
          {unproved === 0 ? t("links.none") : t("links.unproved", { count: unproved })}
        </span>
      </header>
      {risk !== null ? (
        <p className="banner banner-error" role="status" data-testid="link-risk">
          {t("links.on", { name: risk.by, time: dateTime(risk.since) })}
          {risk.reason === "" ? "" : ` · ${risk.reason}`}
        </p>
      ) : unproved > 0 ? (
        <p data-testid="link-no-risk">{t("links.off")}</p>
      ) : null}
      {risk === null && unproved === 0 ? null : (
        <Can do="settings.manage">
          <div className="row-buttons">
            <Button danger={risk === null} onClick={onAsk} data-testid="link-risk-ask">
              {t(risk === null ? "links.take" : "links.drop")}
            </Button>
          </div>
        </Can>
      )}
    </article>
  );
}

function Alarms({ alarms }: { alarms: readonly LinkAlarmView[] }) {
  const { t } = useTranslation();
  if (alarms.length === 0) return <p className="muted">{t("links.noAlarms")}</p>;
  const columns = ["code", "kind", "last", "times", "source"] as const;
  return (
    <>
      <h3>{t("links.alarms")}</h3>
      <div className="panel table-box">
        <table className="table" data-testid="link-alarms">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {t(`links.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {alarms.map((alarm) => (
              <tr key={alarm.id}>
                <td>
                  {alarm.name} <small>{alarm.code}</small>
                </td>
                <td>{t(`links.kinds.${alarm.kind}`)}</td>
                <td data-label={t("links.last")}>{dateTime(alarm.lastAt)}</td>
                <td data-label={t("links.times")}>{t("links.timesOf", { count: alarm.times })}</td>
                <td data-label={t("links.source")}>{alarm.source}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
