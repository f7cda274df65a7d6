import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import i18next from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Difference } from "#contract/reconcile.ts";
import { postDifferenceEnd, reconcileKeys } from "#web/shared/api-reconcile.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, MISSING, yuan } from "#web/shared/format.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { ReasonDialog } from "../../reason-dialog.tsx";

type Doing = { difference: Difference; what: "explain" | "correct" };

const columns = ["what", "expected", "actual", "value", "cause", "since", "act"] as const;

/** Differences (差异), each with both sides, what it is worth, what it most likely comes from, and what can be done. */
export function DifferenceTable({ items }: { items: readonly Difference[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [doing, setDoing] = useState<Doing | null>(null);
  const close = (): void => {
    setDoing(null);
    void client.invalidateQueries({ queryKey: reconcileKeys.all });
  };
  return (
    <div className="panel table-box">
      <table className="table difference-table" data-testid="differences">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col" className={`col-${column}`}>
                {t(`reconcile.column.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <Row key={each.id} difference={each} onAct={(what) => setDoing({ difference: each, what })} />
          ))}
        </tbody>
      </table>
      {doing === null ? null : (
        <ReasonDialog
          title={t(`reconcile.${doing.what}.title`)}
          label={t("reconcile.reason")}
          missingText={t("reconcile.reasonMissing")}
          confirmText={t(`reconcile.${doing.what}.confirm`)}
          cancelText={t("reconcile.cancel")}
          danger={doing.what === "correct"}
          testId="difference"
          act={(reason) =>
            postDifferenceEnd(doing.difference.id, doing.what, { version: doing.difference.version, reason })
          }
          onDone={close}
          onClose={close}
        >
          <p>
            {t(`reconcile.${doing.what}.lead`, {
              what: doing.difference.label ?? doing.difference.object,
              value: yuan(doing.difference.value),
            })}
          </p>
        </ReasonDialog>
      )}
    </div>
  );
}

function Row({ difference, onAct }: { difference: Difference; onAct: (what: Doing["what"]) => void }) {
  const { t } = useTranslation();
  const { kind, unit } = difference;
  const figure = (value: string | null): string =>
    value === null ? MISSING : `${value} ${unit === "none" ? "" : t(`reconcile.unit.${unit}`)}`;
  return (
    <tr data-testid={`difference-${kind}`} data-object={difference.object} data-state={difference.state}>
      <td className="col-what">
        <strong>{t(`reconcile.kind.${kind}`)}</strong>
        <Place difference={difference} />
      </td>
      <td className="col-expected">{figure(difference.expected)}</td>
      <td className="col-actual">{figure(difference.actual)}</td>
      <td className="col-value">
        {kind === "ledger" || kind === "purchase_count" ? MISSING : `${yuan(difference.value)} ${t("unit.yuan")}`}
      </td>
      <td className="col-cause">
        {t(`reconcile.cause.${difference.cause}`, { defaultValue: difference.cause })}
        <small>{t(`reconcile.todo.${kind}`)}</small>
      </td>
      <td className="col-since">
        {dateTime(difference.foundAt)}
        <small>{t("reconcile.seen", { time: dateTime(difference.seenAt) })}</small>
      </td>
      <td className="col-act">
        {difference.state === "open" ? (
          <Can do="reconcile.correct">
            <div className="row-buttons">
              {difference.correctable ? (
                <Button size="small" onClick={() => onAct("correct")} data-testid="difference-correct">
                  {t("reconcile.correct.open")}
                </Button>
              ) : null}
              <Button size="small" onClick={() => onAct("explain")} data-testid="difference-explain">
                {t("reconcile.explain.open")}
              </Button>
            </div>
          </Can>
        ) : (
          <>
            <span className="tag">{t(`reconcile.state.${difference.state}`)}</span>
            <small>
              {difference.endedBy === "reconciliation" ? "" : `${difference.endedBy ?? ""} `}
              {dateTime(difference.endedAt)} {difference.reason}
            </small>
          </>
        )}
      </td>
    </tr>
  );
}

/** Where the difference is, with a way there. */
function Place({ difference }: { difference: Difference }) {
  const { kind, detail, label, number, object } = difference;
  if (kind === "ledger") return <code>{detail.problem}</code>;
  if (kind === "order") return <Link to={`/records/${detail.orderNo}`}>{`${label ?? ""} ${detail.orderNo}`}</Link>;
  if (kind === "payment") return <Link to={`/payments/${object.slice("payment:".length)}`}>{object.slice(8)}</Link>;
  if (kind === "shift") {
    return (
      <Link
        to={`/shifts/${object.slice("shift:".length)}`}
      >{`${wordOf("shift")} ${object.slice(6)} ${detail.cashier ?? ""}`}</Link>
    );
  }
  return <span>{`${label ?? object} ${number ?? ""}`}</span>;
}

function wordOf(key: string): string {
  const found: unknown = i18next.getResource(currentLanguage(), "translation", `reconcile.word.${key}`);
  return typeof found === "string" ? found : key;
}
