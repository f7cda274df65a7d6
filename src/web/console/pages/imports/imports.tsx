import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { ImportView } from "#contract/imports.ts";
import { getImports, importKeys } from "#web/shared/api-imports.ts";
import { dateTime } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { importTones } from "./import-steps.ts";
import { UploadFile } from "./upload-file.tsx";
import "../reports/reports.css";
import "./imports.css";

const POLL_MS = 3_000;

/** Import of archives (档案导入): the template, the upload, and the imports of late. */
export function ImportsPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const found = useQuery({ queryKey: importKeys.list, queryFn: getImports, refetchInterval: POLL_MS });
  const [chosen, setChosen] = useState(0);
  const projects = found.data?.projects ?? [];
  const projectId = chosen || (projects[0]?.id ?? 0);
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("imports.title")}</h1>
      </div>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <>
          <section className="panel import-step" aria-labelledby="import-template">
            <h2 id="import-template">{t("imports.template")}</h2>
            <p className="muted">{t("imports.templateLead")}</p>
            {projects.length > 1 ? (
              <label className="import-project">
                {t("imports.project")}
                <select
                  className="plain-select"
                  value={projectId}
                  onChange={(event) => setChosen(Number(event.target.value))}
                  data-testid="import-project"
                >
                  {projects.map((project) => (
                    <option key={project.id} value={project.id}>
                      {project.name}
                    </option>
                  ))}
                </select>
              </label>
            ) : null}
            <div className="row-buttons">
              <ExportButton path="/api/imports/template" testId="template-empty" label={t("imports.empty")} />
              <ExportButton
                path={`/api/imports/archive?projectId=${projectId}`}
                testId="template-filled"
                label={t("imports.filled")}
              />
            </div>
          </section>
          <section className="panel import-step" aria-labelledby="import-upload">
            <h2 id="import-upload">{t("imports.upload")}</h2>
            <p className="muted">{t("imports.uploadLead")}</p>
            <UploadFile projectId={projectId} onMade={(made) => void navigate(`/imports/${made.id}`)} />
          </section>
          <section className="panel import-step" aria-labelledby="import-late">
            <h2 id="import-late">{t("imports.late")}</h2>
            <p className="muted">{t("imports.asOf", { at: dateTime(found.data.asOf) })}</p>
            {found.data.items.length === 0 ? (
              <Notice title={t("imports.none")} lead={t("imports.noneLead")} testId="imports-empty" />
            ) : (
              <LateImports items={found.data.items} />
            )}
          </section>
        </>
      )}
    </main>
  );
}

function LateImports({ items }: { items: readonly ImportView[] }) {
  const { t } = useTranslation();
  return (
    <SheetBox isBare cards className="import-table" label={t("imports.late")}>
      <table className="sheet" data-testid="imports">
        <thead>
          <tr>
            <th className="first">{t("imports.file")}</th>
            <th>{t("imports.state")}</th>
            <th className="num">{t("imports.changes")}</th>
            <th className="num">{t("imports.faults")}</th>
            <th>{t("imports.madeBy")}</th>
            <th>{t("imports.madeAt")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <tr key={each.id}>
              <td className="first import-name">
                <Link to={`/imports/${each.id}`}>{each.fileName}</Link>
              </td>
              <td>
                {each.state === "checked" && each.faults > 0 ? (
                  <span className="tag tag-bad">{t("imports.states.wrong")}</span>
                ) : (
                  <span className={`tag tag-${importTones[each.state]}`}>{t(`imports.states.${each.state}`)}</span>
                )}
              </td>
              <td className="num">{each.changes}</td>
              <td className="num">{each.faults}</td>
              <td>{each.madeBy}</td>
              <td>{dateTime(each.madeAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}
