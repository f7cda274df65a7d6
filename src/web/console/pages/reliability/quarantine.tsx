import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { HeldMeter, Quarantine } from "#contract/reliability.ts";
import { getQuarantine, postMeterRelease, postTripRelease, quarantineKey } from "#web/shared/api-reliability.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { HeldMeters } from "./held-meters.tsx";
import "../records/records.css";
import "./reliability.css";

/** Meters go free as they answer. */
const AGAIN_MS = 5_000;

type Doing = { what: "trips" } | { what: "meter"; meter: HeldMeter };

/** The quarantine of a restored system (隔离): how many meters were compared, which are in doubt and why, and the way out. */
export function QuarantinePage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [doing, setDoing] = useState<Doing | null>(null);
  const found = useQuery({ queryKey: quarantineKey, queryFn: getQuarantine, refetchInterval: AGAIN_MS });
  const done = (): void => {
    setDoing(null);
    void client.invalidateQueries({ queryKey: quarantineKey });
  };
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("quarantine.title")}</h1>
        {found.data ? <small>{t("meter.asOf", { time: dateTime(found.data.asOf) })}</small> : null}
      </div>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={4} />
        )
      ) : found.data === null ? (
        <Notice
          title={t("quarantine.none")}
          lead={t("quarantine.noneLead")}
          action={<Link to="/guard">{t("quarantine.toGuard")}</Link>}
          testId="quarantine-none"
        />
      ) : (
        <Held
          found={found.data}
          onTrips={() => setDoing({ what: "trips" })}
          onMeter={(meter) => setDoing({ what: "meter", meter })}
        />
      )}
      {doing === null ? null : (
        <ReasonDialog
          title={
            doing.what === "trips"
              ? t("quarantine.releaseTitle")
              : t("quarantine.freeTitle", { label: doing.meter.label })
          }
          label={t("quarantine.reason")}
          missingText={t("quarantine.reasonMissing")}
          confirmText={t(doing.what === "trips" ? "quarantine.release" : "quarantine.free")}
          cancelText={t("quarantine.cancel")}
          danger={true}
          testId={`quarantine-${doing.what}`}
          act={(reason) =>
            doing.what === "trips" ? postTripRelease({ reason }) : postMeterRelease(doing.meter.meterId, { reason })
          }
          onDone={done}
          onClose={done}
        >
          <p>
            {doing.what === "trips"
              ? t("quarantine.releaseLead")
              : t("quarantine.freeLead", { count: doing.meter.commands })}
          </p>
        </ReasonDialog>
      )}
    </main>
  );
}

type HeldProps = { found: NonNullable<Quarantine>; onTrips: () => void; onMeter: (meter: HeldMeter) => void };

function Held({ found, onTrips, onMeter }: HeldProps) {
  const { t } = useTranslation();
  const { counts, asked } = found;
  const total = counts.waiting + counts.doubtful + counts.clear + counts.released;
  const done = counts.clear + counts.released;
  return (
    <>
      <p className="muted reliability-lead">{t("quarantine.lead")}</p>
      <article className="panel reliability-card" data-testid="quarantine">
        <p>{t("quarantine.asOf", { snapshot: dateTime(found.snapshotAt), restored: dateTime(found.restoredAt) })}</p>
        <progress value={done} max={Math.max(total, 1)} aria-label={t("quarantine.progress", { done, total })} />
        <p data-testid="quarantine-progress">{t("quarantine.progress", { done, total })}</p>
        <dl className="totals">
          {(["waiting", "doubtful", "clear", "released"] as const).map((state) => (
            <div key={state}>
              <dt>{t(`quarantine.counts.${state}`)}</dt>
              <dd data-testid={`quarantine-${state}`}>{counts[state]}</dd>
            </div>
          ))}
        </dl>
        <p className="muted">{t("quarantine.commands", { count: counts.commands })}</p>
      </article>
      <article className="panel reliability-card" data-testid="quarantine-trips" data-barred={found.tripsBarred}>
        <h2>{t("quarantine.trips")}</h2>
        <p>{t(found.tripsBarred ? "quarantine.tripsBarred" : "quarantine.tripsFree")}</p>
        {asked === null ? null : (
          <p data-testid="quarantine-asked">
            {t("quarantine.asked", { name: asked.by, time: dateTime(asked.at) })}{" "}
            <Link to="/approvals">{t("quarantine.toApprovals")}</Link>
          </p>
        )}
        {found.tripsBarred && asked === null ? (
          <Can do="guard.release">
            <Button danger onClick={onTrips} data-testid="quarantine-ask">
              {t("quarantine.release")}
            </Button>
          </Can>
        ) : null}
      </article>
      <HeldMeters items={found.meters} more={found.more} onRelease={onMeter} />
    </>
  );
}
