import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { AuditRow } from "#contract/audit.ts";
import { dateTime, MISSING } from "#web/shared/format.ts";
import { objectPath } from "../../object-path.ts";
import { approvalOf, type Change, changesOf } from "./audit-diff.ts";
import { actionWord, fieldWord, figureText, objectWord } from "./audit-words.ts";

type RowsProps = { items: readonly AuditRow[]; onNarrow: (change: Readonly<Record<string, string>>) => void };

/** Rows that open: what it was before, what it is, why, from where. On a phone each is a card. */
export function AuditRows({ items, onNarrow }: RowsProps) {
  return (
    <ul className="audit-rows" data-testid="audit-rows">
      {items.map((row) => (
        <Row key={row.id} row={row} onNarrow={onNarrow} />
      ))}
    </ul>
  );
}

function Row({ row, onNarrow }: { row: AuditRow; onNarrow: RowsProps["onNarrow"] }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const changes = changesOf(row.before, row.after);
  const shown = changes.filter(({ kind }) => kind !== "same");
  const panel = `audit-${row.id}`;
  return (
    <li className="panel audit-row" data-testid="audit-row" data-action={row.action} data-object={row.object}>
      <button
        type="button"
        className="audit-head"
        aria-expanded={open}
        aria-controls={panel}
        onClick={() => setOpen(!open)}
      >
        <time className="audit-time">{dateTime(row.at)}</time>
        <strong className="audit-actor">{row.actor}</strong>
        <span className="audit-action">{actionWord(row.action)}</span>
        <span className="audit-object">{objectWord(row.object, row.objectName)}</span>
        <span className="audit-gist">{gist(row, shown)}</span>
      </button>
      {open ? (
        <div id={panel} className="audit-detail" data-testid="audit-detail">
          <Changes changes={changes} />
          <dl className="facts">
            <Fact label={t("audit.reason")} value={row.reason === "" ? MISSING : row.reason} />
            <Fact label={t("audit.address")} value={row.ip === "" ? MISSING : row.ip} />
            <Fact label={t("audit.code")} value={`${row.action} · ${row.object} · ${row.id}`} />
          </dl>
          <Ways row={row} onNarrow={onNarrow} />
        </div>
      ) : null}
    </li>
  );
}

function Ways({ row, onNarrow }: { row: AuditRow; onNarrow: RowsProps["onNarrow"] }) {
  const { t } = useTranslation();
  const path = objectPath(row.object);
  const approval = approvalOf(row);
  return (
    <div className="row-buttons">
      {path === null ? null : (
        <Link to={path} data-testid="audit-link">
          {t("audit.open")}
        </Link>
      )}
      {approval === null ? null : (
        <Link to={`/approvals?view=all&approval=${encodeURIComponent(approval)}`} data-testid="audit-approval">
          {t("audit.approval")}
        </Link>
      )}
      <button type="button" className="plain-button" onClick={() => onNarrow({ object: row.object })}>
        {t("audit.sameObject")}
      </button>
      <button type="button" className="plain-button" onClick={() => onNarrow({ who: row.actor })}>
        {t("audit.samePerson")}
      </button>
    </div>
  );
}

/** A change as a table: field, before, after. What stayed the same is grey. */
function Changes({ changes }: { changes: readonly Change[] }) {
  const { t } = useTranslation();
  if (changes.length === 0) return <p className="muted">{t("audit.noFigures")}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls is reached by keys
    <section className="audit-box" tabIndex={0} aria-label={t("app.table")}>
      <table className="audit-changes">
        <thead>
          <tr>
            <th scope="col">{t("audit.fieldName")}</th>
            <th scope="col">{t("audit.before")}</th>
            <th scope="col">{t("audit.after")}</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ field, before, after, kind }) => (
            <tr key={field} className={`audit-${kind}`} data-testid="audit-change" data-field={field}>
              <th scope="row">{fieldWord(field)}</th>
              <td>{before === undefined ? MISSING : <s>{figureText(field, before)}</s>}</td>
              <td>{after === undefined ? MISSING : figureText(field, after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <div className="facts-row">
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** In one line: the reason, else the first fields that changed. */
function gist(row: AuditRow, changes: readonly Change[]): string {
  if (row.reason !== "") return row.reason;
  return changes
    .slice(0, 2)
    .map(({ field, before, after, kind }) =>
      kind === "changed"
        ? `${fieldWord(field)} ${figureText(field, before)} → ${figureText(field, after)}`
        : `${fieldWord(field)} ${figureText(field, kind === "removed" ? before : after)}`,
    )
    .join(" · ");
}
