import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import type { ErrorCode } from "#base/errors.ts";
import type { ImportFaultView, ImportView } from "#contract/imports.ts";
import { faultPlace, faultText, type ImportFault } from "#domain/import-fault.ts";
import { sheetNames } from "#domain/import-sheets.ts";
import {
  getImport,
  getImportFaults,
  importKeys,
  postImportAccept,
  postImportCancel,
  postImportRecheck,
} from "#web/shared/api-imports.ts";
import { dateTime, MISSING, shortTime } from "#web/shared/format.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { Steps } from "../../steps.tsx";
import { importSteps } from "./import-steps.ts";
import "../reports/reports.css";
import "./imports.css";

/** Whoever waits for a check sees it at once. */
const POLL_MS = 1_000;
const AT_WORK: readonly ImportView["state"][] = ["uploaded", "accepted", "running"];

/** One import: what it would do, what is wrong, the acceptance, how far it is, and what came of it. */
export function ImportPage() {
  const { t } = useTranslation();
  const { importId = "" } = useParams();
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("imports.title")}</h1>
        <Link to="/imports">{t("imports.back")}</Link>
      </div>
      <OneImport importId={importId} />
    </main>
  );
}

/** The same wherever it stands. */
export function OneImport({ importId }: { importId: string }) {
  const found = useQuery({
    queryKey: importKeys.one(importId),
    queryFn: () => getImport(importId),
    refetchInterval: (query) => (query.state.data && !AT_WORK.includes(query.state.data.state) ? false : POLL_MS),
  });
  if (found.data !== undefined) return <Seen seen={found.data} />;
  return found.error ? <FailedNotice error={found.error} retry={() => void found.refetch()} /> : <Loading rows={6} />;
}

function Seen({ seen }: { seen: ImportView }) {
  const { t } = useTranslation();
  const times = { uploaded: seen.madeAt, checked: null, accepted: seen.acceptedAt, done: seen.endedAt };
  const steps = importSteps(seen).map((step) => ({
    name: t(`imports.steps.${step.name}`),
    state: step.state,
    time: times[step.name] === null ? "" : shortTime(times[step.name] ?? 0, seen.asOf),
  }));
  return (
    <>
      <section className="panel import-step" data-testid="import" data-state={seen.state}>
        <p className="import-name">
          <strong>{seen.fileName}</strong> · {seen.project}
        </p>
        <Steps steps={steps} />
        <p aria-live="polite" data-testid="import-said">
          {t(`imports.said.${seen.state === "checked" && seen.faults > 0 ? "wrong" : seen.state}`, {
            count: seen.faults,
            changes: seen.changes,
            done: seen.done,
          })}
        </p>
        {seen.state === "running" || seen.state === "accepted" ? (
          <progress className="import-progress" value={seen.done} max={Math.max(1, seen.changes)}>
            {`${seen.done} / ${seen.changes}`}
          </progress>
        ) : null}
        {seen.stoppedBy ? <p className="banner banner-error">{sentence(seen.stoppedBy)}</p> : null}
        <Acts seen={seen} />
        <p className="muted">
          {t("imports.asOf", { at: dateTime(seen.asOf) })} · {t("imports.hash", { hash: seen.fileHash.slice(0, 16) })}
        </p>
      </section>
      <Counts seen={seen} />
      {seen.faults > 0 && seen.state !== "uploaded" && seen.state !== "cancelled" ? <Faults seen={seen} /> : null}
    </>
  );
}

function Acts({ seen }: { seen: ImportView }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [isSure, setSure] = useState(false);
  const options = { onSettled: () => client.invalidateQueries({ queryKey: importKeys.list }) };
  const accepting = useMutation({
    mutationFn: () => postImportAccept(seen.id, { planHash: seen.planHash ?? "", confirmed: true }),
    ...options,
  });
  const checking = useMutation({ mutationFn: () => postImportRecheck(seen.id), ...options });
  const leaving = useMutation({ mutationFn: () => postImportCancel(seen.id), ...options });
  const mayAccept = seen.state === "checked" && seen.faults === 0 && seen.changes > 0;
  const mayCheck = ["checked", "outdated", "stopped"].includes(seen.state);
  const mayLeave = ["uploaded", "checked", "outdated"].includes(seen.state);
  const error = accepting.error ?? checking.error ?? leaving.error;
  return (
    <>
      {mayAccept ? (
        <label className="import-sure">
          <input
            type="checkbox"
            checked={isSure}
            onChange={(event) => setSure(event.target.checked)}
            data-testid="import-tick"
          />
          {t("imports.sure", { changes: seen.changes })}
        </label>
      ) : null}
      <div className="row-buttons">
        {mayAccept ? (
          <Button
            type="primary"
            disabled={!isSure}
            loading={accepting.isPending}
            onClick={() => accepting.mutate()}
            data-testid="import-accept"
          >
            {t("imports.accept")}
          </Button>
        ) : null}
        {mayCheck ? (
          <Button loading={checking.isPending} onClick={() => checking.mutate()} data-testid="import-recheck">
            {t("imports.recheck")}
          </Button>
        ) : null}
        {mayLeave ? (
          <Button loading={leaving.isPending} onClick={() => leaving.mutate()} data-testid="import-cancel">
            {t("imports.cancel")}
          </Button>
        ) : null}
      </div>
      {error ? <FailedLine error={error} testId="import-refused" /> : null}
    </>
  );
}

function Counts({ seen }: { seen: ImportView }) {
  const { t } = useTranslation();
  const language = currentLanguage() === "en" ? "en" : "zh";
  const figure = (value: number | undefined) => value ?? MISSING;
  return (
    <SheetBox cards className="import-table" label={t("imports.countsLabel")}>
      <table className="sheet" data-testid="import-counts">
        <thead>
          <tr>
            <th className="first">{t("imports.sheet")}</th>
            <th className="num">{t("imports.rows")}</th>
            <th className="num">{t("imports.add")}</th>
            <th className="num">{t("imports.change")}</th>
            <th className="num">{t("imports.same")}</th>
            <th className="num">{t("imports.wrong")}</th>
          </tr>
        </thead>
        <tbody>
          {seen.sheets.map(({ sheet, rows, counts }) => (
            <tr key={sheet}>
              <td className="first">{sheetNames[sheet][language]}</td>
              <td className="num">{rows}</td>
              <td className="num">{figure(counts?.add)}</td>
              <td className="num">{figure(counts?.change)}</td>
              <td className="num">{figure(counts?.same)}</td>
              <td className="num">{figure(counts?.wrong)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {seen.ignored.length > 0 ? (
        <p className="banner">{t("imports.ignored", { names: seen.ignored.join(", ") })}</p>
      ) : null}
    </SheetBox>
  );
}

function Faults({ seen }: { seen: ImportView }) {
  const { t } = useTranslation();
  const [page, setPage] = useState(1);
  const found = useQuery({
    queryKey: importKeys.faults(seen.id, page),
    queryFn: () => getImportFaults(seen.id, page),
    placeholderData: (before) => before,
  });
  const language = currentLanguage() === "en" ? "en" : "zh";
  const list = found.data;
  if (list === undefined) {
    return found.error ? <FailedNotice error={found.error} retry={() => void found.refetch()} /> : <Loading rows={4} />;
  }
  return (
    <section className="panel import-step" aria-labelledby="import-faults">
      <div className="import-head">
        <h2 id="import-faults">{t("imports.faultsTitle", { count: list.total })}</h2>
        <ExportButton
          path={`/api/imports/${seen.id}/faults/file`}
          testId="faults-file"
          label={t("imports.faultsFile")}
        />
      </div>
      <ol className="import-faults" data-testid="import-faults">
        {list.items.map((fault) => {
          const place = faultPlace(asFault(fault), language);
          const cell = fault.row === 0 ? "" : fault.column === "" ? String(fault.row) : `${fault.column}${fault.row}`;
          return (
            <li key={`${fault.sheet}-${cell}-${fault.code}`}>
              <strong>{[place.sheet, cell, place.column].filter((word) => word !== "").join(" · ")}</strong>
              {fault.value === "" ? null : <q className="import-value">{fault.value}</q>}
              <span>{sentence(fault)}</span>
            </li>
          );
        })}
      </ol>
      {list.pages > 1 ? (
        <nav className="row-buttons" aria-label={t("concentrators.page", { page, pages: list.pages })}>
          <Button disabled={page <= 1} onClick={() => setPage(page - 1)}>
            {t("concentrators.previous")}
          </Button>
          <span>{t("concentrators.page", { page, pages: list.pages })}</span>
          <Button disabled={page >= list.pages} onClick={() => setPage(page + 1)}>
            {t("concentrators.next")}
          </Button>
        </nav>
      ) : null}
    </section>
  );
}

function asFault(fault: ImportFaultView): ImportFault {
  return { ...fault, code: fault.code as ErrorCode };
}

function sentence(fault: ImportFaultView): string {
  return faultText(asFault(fault), currentLanguage() === "en" ? "en" : "zh");
}
