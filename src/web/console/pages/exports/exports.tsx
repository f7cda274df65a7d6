import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { EXPORT_DIRECT_ROWS } from "#contract/export-kinds.ts";
import type { ExportJob } from "#contract/exports.ts";
import { exportFile, exportsKey, exportsQuery, steerExport } from "#web/shared/api-exports.ts";
import { useCan } from "#web/shared/can.tsx";
import { download } from "#web/shared/download.ts";
import { problemText } from "#web/shared/failure-text.ts";
import { dateTime } from "#web/shared/format.ts";
import { FailedLine, FailedNotice, Loading, Notice } from "../../notice.tsx";
import { SlotsForm } from "./slots-form.tsx";
import "../records/records.css";
import "./exports.css";

/** Files that are made in the background (导出任务): one's own, how far they are, and what can be done with each. */
export function ExportsPage() {
  const { t } = useTranslation();
  const list = useQuery(exportsQuery);
  const items = list.data?.items;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("exports.title")}</h1>
      </div>
      <p className="muted exports-lead">{t("exports.lead", { rows: EXPORT_DIRECT_ROWS.toLocaleString() })}</p>
      {useCan("report.view") ? <SlotsForm /> : null}
      {items === undefined ? (
        list.error ? (
          <FailedNotice error={list.error} retry={() => void list.refetch()} />
        ) : (
          <Loading rows={4} />
        )
      ) : items.length === 0 ? (
        <Notice title={t("exports.empty")} lead={t("exports.emptyLead")} testId="exports-empty" />
      ) : (
        <ul className="exports" data-testid="exports">
          {items.map((job) => (
            <JobCard key={job.exportId} job={job} />
          ))}
        </ul>
      )}
    </main>
  );
}

const tones = {
  waiting: "",
  running: "tag-doing",
  done: "tag-good",
  failed: "tag-bad",
  cancelled: "",
  expired: "tag-warn",
} as const;

function JobCard({ job }: { job: ExportJob }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: exportsKey });
  const steering = useMutation({
    mutationFn: (how: "cancel" | "retry") => steerExport(job.exportId, how),
    onSettled: refresh,
  });
  const taking = useMutation({ mutationFn: () => download(exportFile(job.exportId)), onSettled: refresh });
  const isOpen = job.state === "waiting" || job.state === "running";
  const share = job.rowsOf === 0 ? 0 : Math.min(1, job.rowsDone / job.rowsOf);
  const button = (how: "cancel" | "retry", text: string) => (
    <Button
      onClick={() => steering.isPending || steering.mutate(how)}
      aria-busy={steering.isPending}
      aria-label={`${text} ${job.title}`}
      data-testid={`export-${how}`}
    >
      {text}
    </Button>
  );
  return (
    <li className="panel export-card" data-testid="export-job" data-state={job.state} data-id={job.exportId}>
      <div className="export-head">
        <strong>{job.title}</strong>
        <span className={`tag ${tones[job.state]}`} data-testid="export-state">
          {t(`exports.state.${job.state}`)}
        </span>
      </div>
      <p className="muted export-filter">{job.filterText}</p>
      {job.state === "running" ? (
        <progress className="export-progress" value={share} max={1} aria-label={t("exports.progress")} />
      ) : null}
      <p className="export-facts">
        <span data-testid="export-rows" data-done={job.rowsDone}>
          {isOpen
            ? t("exports.rowsOf", { done: job.rowsDone.toLocaleString(), of: job.rowsOf.toLocaleString() })
            : t("exports.rows", { done: job.rowsDone.toLocaleString() })}
        </span>
        {job.bytes === null ? null : <span>{sizeText(job.bytes)}</span>}
        <span>{t("exports.askedAt", { time: dateTime(job.askedAt) })}</span>
        {job.endedAt === null ? null : <span>{t("exports.endedAt", { time: dateTime(job.endedAt) })}</span>}
        {job.state === "done" && job.expiresAt !== null ? (
          <span>{t("exports.expiresAt", { time: dateTime(job.expiresAt) })}</span>
        ) : null}
      </p>
      {job.problem === null ? null : (
        <p className="failed-line" role="alert" data-testid="export-problem">
          {problemText(job.problem)}
        </p>
      )}
      <div className="row-buttons">
        {job.state === "done" ? (
          <Button
            type="primary"
            onClick={() => taking.isPending || taking.mutate()}
            aria-busy={taking.isPending}
            aria-label={`${t("exports.download")} ${job.title}`}
            data-testid="export-download"
          >
            {taking.isPending ? t("export.busy") : t("exports.download")}
          </Button>
        ) : null}
        {isOpen ? button("cancel", t("exports.cancel")) : button("retry", t("exports.retry"))}
        {job.state === "done" ? button("cancel", t("exports.remove")) : null}
      </div>
      {taking.error ? <FailedLine error={taking.error} testId="export-download-problem" /> : null}
      {steering.error ? <FailedLine error={steering.error} testId="export-steer-problem" /> : null}
    </li>
  );
}

const KILO = 1_024;

function sizeText(bytes: number): string {
  return bytes < KILO * KILO ? `${Math.ceil(bytes / KILO)} KiB` : `${(bytes / KILO / KILO).toFixed(1)} MiB`;
}
