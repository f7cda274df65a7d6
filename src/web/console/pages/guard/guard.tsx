import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { GuardedProject } from "#contract/off-guard.ts";
import { getOffGuard, offGuardKey, postOffRelease, postOffStop } from "#web/shared/api-off-guard.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { LinkDoors } from "./link-doors.tsx";
import { WaitingTrips } from "./waiting-trips.tsx";
import "../records/records.css";
import "./guard.css";

/** Counts move with every trip: they are looked at again. */
const AGAIN_MS = 5_000;

type Doing = { what: "stop" | "release"; project: GuardedProject };

/** The guard over trips (拉闸保护): how much of the limits is used, what waits, the emergency stop, and the way back. */
export function GuardPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [doing, setDoing] = useState<Doing | null>(null);
  const guard = useQuery({ queryKey: offGuardKey, queryFn: getOffGuard, refetchInterval: AGAIN_MS });
  const done = (): void => {
    setDoing(null);
    void client.invalidateQueries({ queryKey: offGuardKey });
  };
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("offGuard.title")}</h1>
        {guard.data ? <small>{t("meter.asOf", { time: dateTime(guard.data.asOf) })}</small> : null}
      </div>
      <p className="muted guard-lead">{t("offGuard.lead")}</p>
      {guard.data === undefined ? (
        guard.error ? (
          <FailedNotice error={guard.error} retry={() => void guard.refetch()} />
        ) : (
          <Loading rows={4} />
        )
      ) : (
        <>
          <div className="guarded">
            {guard.data.projects.map((project) => (
              <ProjectCard
                key={project.projectId}
                project={project}
                onStop={() => setDoing({ what: "stop", project })}
                onRelease={() => setDoing({ what: "release", project })}
              />
            ))}
          </div>
          <WaitingTrips items={guard.data.waiting} more={guard.data.more} />
        </>
      )}
      <LinkDoors />
      {doing === null ? null : (
        <ReasonDialog
          title={t(`offGuard.${doing.what}Title`, { name: doing.project.name })}
          label={t("offGuard.reason")}
          missingText={t("offGuard.reasonMissing")}
          confirmText={t(`offGuard.${doing.what}`)}
          cancelText={t("offGuard.cancel")}
          danger={doing.what === "stop"}
          testId={`guard-${doing.what}`}
          act={(reason) =>
            (doing.what === "stop" ? postOffStop : postOffRelease)({ projectId: doing.project.projectId, reason })
          }
          onDone={done}
          onClose={done}
        >
          <p>{t(`offGuard.${doing.what}Lead`)}</p>
        </ReasonDialog>
      )}
    </main>
  );
}

type CardProps = { project: GuardedProject; onStop: () => void; onRelease: () => void };

function ProjectCard({ project, onStop, onRelease }: CardProps) {
  const { t } = useTranslation();
  const { stop, asked } = project;
  const minutes = project.windowMinutes;
  const limit = (stop?.why === "day" ? project.perDay : null) ?? project.perWindow;
  return (
    <article className="panel guard-card" data-testid="guard-project" data-stopped={stop !== null}>
      <header className="guard-head">
        <h2>{project.name}</h2>
        <span className={`tag ${stop === null ? "tag-good" : "tag-bad"}`}>
          {t(`offGuard.state.${stop === null ? "open" : "stopped"}`)}
        </span>
      </header>
      {project.inWindow === null || project.inDay === null || project.perDay === null ? null : (
        <>
          <dl className="totals">
            <div>
              <dt>{t("offGuard.window", { minutes })}</dt>
              <dd data-testid="guard-window">
                {t("offGuard.ofLimit", { count: project.inWindow, limit: project.perWindow })}
              </dd>
            </div>
            <div>
              <dt>{t("offGuard.day")}</dt>
              <dd>{t("offGuard.ofLimit", { count: project.inDay, limit: project.perDay })}</dd>
            </div>
          </dl>
          <p className="muted">{t("offGuard.switchable", { count: project.switchable ?? 0 })}</p>
        </>
      )}
      {stop === null ? null : (
        <p className="banner banner-error" role="status" data-testid="guard-why">
          {t(`offGuard.why.${stop.why}`, { minutes, limit, name: stop.by })}
          {stop.reason === "" ? "" : ` · ${stop.reason}`} · {t("offGuard.since", { time: dateTime(stop.since) })}
        </p>
      )}
      {asked === null ? null : (
        <p data-testid="guard-asked">
          {t("offGuard.asked", { name: asked.by, time: dateTime(asked.at) })}{" "}
          <Link to="/approvals">{t("offGuard.toApprovals")}</Link>
        </p>
      )}
      <div className="row-buttons">
        {stop === null ? (
          <Can do="guard.stop">
            <Button danger onClick={onStop} data-testid="guard-stop">
              {t("offGuard.stop")}
            </Button>
          </Can>
        ) : asked === null ? (
          <Can do="guard.release">
            <Button onClick={onRelease} data-testid="guard-release">
              {t("offGuard.release")}
            </Button>
          </Can>
        ) : null}
      </div>
    </article>
  );
}
