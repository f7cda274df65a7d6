import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { ConcentratorMade, ConcentratorView } from "#contract/collection.ts";
import {
  collectionKeys,
  getCollection,
  getConcentrator,
  postConcentratorEdit,
  postConcentratorReplace,
  postConcentratorRetire,
} from "#web/shared/api-collection.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, MISSING } from "#web/shared/format.ts";
import { newKey } from "#web/shared/new-key.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { KeyShown } from "./add-concentrator.tsx";
import { ChannelTable } from "./channels.tsx";
import { OnlineMark, SignalText, successText } from "./concentrators.tsx";
import { CycleText } from "./cycle-text.tsx";
import { CycleField, cycleTyped, FormDialog, TextField } from "./form-dialog.tsx";
import { LinkPanel } from "./link-panel.tsx";
import { MeterTable } from "./meters.tsx";
import { Monitor } from "./monitor.tsx";
import "../reports/reports.css";
import "./concentrators.css";

const POLL_MS = 3_000;

/** One concentrator: what it is, its channels and meters, and what is said on its buses right now. */
export function ConcentratorPage() {
  const { t } = useTranslation();
  const id = Number(useParams().concentratorId);
  const [doing, setDoing] = useState<"edit" | "replace" | "retire" | null>(null);
  const found = useQuery({
    queryKey: collectionKeys.one(id),
    queryFn: () => getConcentrator(id),
    refetchInterval: POLL_MS,
  });
  const settings = useQuery({ queryKey: collectionKeys.settings, queryFn: getCollection });
  const seen = found.data;
  if (seen === undefined) {
    return (
      <main className="page" id="main" tabIndex={-1}>
        <div className="page-head">
          <h1>{t("concentrators.one")}</h1>
        </div>
        {found.error ? <FailedNotice error={found.error} retry={() => void found.refetch()} /> : <Loading rows={8} />}
      </main>
    );
  }
  const sets = (settings.data?.itemSets ?? []).filter((each) => each.projectId === seen.projectId);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1 data-testid="concentrator-name">{seen.name}</h1>
        <OnlineMark line={seen} />
        <a href="#monitor">{t("concentrators.toMonitor")}</a>
        {seen.retiredAt === null ? (
          <Can do="concentrator.manage">
            <Link
              className="link-button"
              to={`/trials/new?concentrator=${seen.id}`}
              data-testid="trial-of-concentrator"
            >
              {t("trials.title")}
            </Link>
            <Button onClick={() => setDoing("edit")} data-testid="edit-concentrator">
              {t("concentrators.edit")}
            </Button>
            <Button danger onClick={() => setDoing("replace")} data-testid="replace-concentrator">
              {t("concentrators.replace")}
            </Button>
            <Button danger onClick={() => setDoing("retire")} data-testid="retire-concentrator">
              {t("concentrators.retire")}
            </Button>
          </Can>
        ) : null}
      </div>
      <Facts seen={seen} />
      <LinkPanel seen={seen} />
      <ChannelTable seen={seen} sets={sets} />
      <MeterTable seen={seen} sets={sets} />
      <Monitor concentratorId={seen.id} />
      {doing === "edit" ? <EditDialog seen={seen} onClose={() => setDoing(null)} /> : null}
      {doing === "replace" ? <ReplaceDialog seen={seen} onClose={() => setDoing(null)} /> : null}
      {doing === "retire" ? <RetireDialog seen={seen} onClose={() => setDoing(null)} /> : null}
    </main>
  );
}

function Facts({ seen }: { seen: ConcentratorView }) {
  const { t } = useTranslation();
  return (
    <>
      <p className="muted">{t("concentrators.asOf", { at: dateTime(seen.asOf) })}</p>
      <dl className="panel archive-facts" data-testid="concentrator-facts">
        <div>
          <dt>{t("concentrators.code")}</dt>
          <dd>{seen.code}</dd>
        </div>
        <div>
          <dt>{t("concentrators.project")}</dt>
          <dd>
            {seen.project} · {seen.area}
          </dd>
        </div>
        <div>
          <dt>{t("concentrators.state")}</dt>
          <dd>
            {t(`concentrators.states.${seen.online ? "online" : "offline"}`)}{" "}
            {t("concentrators.since", { at: dateTime(seen.onlineChangedAt) })}
          </dd>
        </div>
        <div>
          <dt>{t("concentrators.lastSeen")}</dt>
          <dd>{dateTime(seen.lastSeenAt)}</dd>
        </div>
        <div>
          <dt>{t("concentrators.signal")}</dt>
          <dd>
            <SignalText dbm={seen.rssiDbm} />
          </dd>
        </div>
        <div>
          <dt>{t("concentrators.success")}</dt>
          <dd>
            {successText(seen)}{" "}
            <small>{t("concentrators.successLead", { asked: seen.asked, answered: seen.answered })}</small>
          </dd>
        </div>
        <div>
          <dt>{t("concentrators.queue")}</dt>
          <dd>{seen.queue}</dd>
        </div>
        <div>
          <dt>{t("concentrators.meters")}</dt>
          <dd>
            {seen.meters}/{seen.metersMax}
          </dd>
        </div>
        <div>
          <dt>{t("concentrators.collector")}</dt>
          <dd>{seen.collector ?? MISSING}</dd>
        </div>
        <div>
          <dt>{t("concentrators.cycle")}</dt>
          <dd data-testid="concentrator-cycle">
            <CycleText seconds={seen.readIntervalS} unset={t("concentrators.cycleInherit")} />
          </dd>
        </div>
      </dl>
    </>
  );
}

type DialogProps = { seen: ConcentratorView; onClose: () => void };

function EditDialog({ seen, onClose }: DialogProps) {
  const { t } = useTranslation();
  const [name, setName] = useState(seen.name);
  const [cycle, setCycle] = useState(String(seen.readIntervalS ?? ""));
  // What was seen when the form was opened: a change by somebody else meanwhile is told, not overwritten.
  const [version] = useState(seen.version);
  return (
    <FormDialog
      title={t("concentrators.editTitle", { name: seen.name })}
      testId="concentrator"
      act={() => postConcentratorEdit(seen.id, { name, readIntervalS: cycleTyped(cycle), version })}
      onClose={onClose}
    >
      <TextField id="concentrator-new-name" label={t("concentrators.name")} value={name} onChange={setName} />
      <CycleField id="concentrator-new-cycle" value={cycle} onChange={setCycle} />
    </FormDialog>
  );
}

function ReplaceDialog({ seen, onClose }: DialogProps) {
  const { t } = useTranslation();
  const [key] = useState(newKey);
  const [version] = useState(seen.version);
  const [code, setCode] = useState("");
  const [linkKey, setLinkKey] = useState("");
  const [made, setMade] = useState<ConcentratorMade | null>(null);
  if (made !== null && made.linkKey !== null) {
    return <KeyShown made={{ code: made.code, linkKey: made.linkKey }} onClose={onClose} />;
  }
  return (
    <FormDialog
      title={t("concentrators.replaceTitle", { name: seen.name })}
      testId="replace"
      dangerous
      act={async (reason) => {
        const typed = linkKey === "" ? null : linkKey;
        const body = { key, code, linkKey: typed, version, reason, confirmed: true as const };
        const answer = await postConcentratorReplace(seen.id, body);
        setMade(answer);
        if (answer.linkKey === null) onClose();
      }}
      showsMade
      onClose={onClose}
    >
      <p>{t("concentrators.replaceLead", { meters: seen.meters })}</p>
      <TextField id="replace-code" label={t("concentrators.newCode")} value={code} onChange={setCode} />
      {seen.linkKind === "jichao" ? (
        <TextField id="replace-key" label={t("concentrators.linkKey")} value={linkKey} onChange={setLinkKey} />
      ) : null}
    </FormDialog>
  );
}

function RetireDialog({ seen, onClose }: DialogProps) {
  const { t } = useTranslation();
  const [version] = useState(seen.version);
  return (
    <FormDialog
      title={t("concentrators.retireTitle", { name: seen.name })}
      testId="retire"
      dangerous
      act={(reason) => postConcentratorRetire(seen.id, { version, reason, confirmed: true })}
      onClose={onClose}
    >
      <p>{t("concentrators.retireLead", { meters: seen.meters })}</p>
    </FormDialog>
  );
}
