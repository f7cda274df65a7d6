import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { BatchMeter, BatchPreview } from "#contract/switch-batches.ts";
import { clockTime, dateTime, MISSING, unitsShort, yuanShort } from "#web/shared/format.ts";
import { reasonText } from "#web/shared/i18n.ts";
import { StateIcon } from "../../icons.tsx";
import { Notice } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { stepTones } from "./tones.ts";

type Known = BatchPreview["items"][number];

/** Meters of a batch: what was known of each when the list was made, and how it is going. */
export function BatchRows({ rows }: { rows: readonly BatchMeter[] }) {
  const { t } = useTranslation();
  if (rows.length === 0)
    return <Notice title={t("batches.noneOfStep")} lead={t("batches.noneOfStepLead")} testId="batch-no-rows" />;
  return (
    <SheetBox cards>
      <table className="sheet" data-testid="batch-meters">
        <thead>
          <tr>
            <KnownHeads />
            <th>{t("batches.progress")}</th>
            <th>{t("batches.explained")}</th>
            <th>{t("batches.sentAt")}</th>
            <th>{t("batches.doneAt")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={row.meterId}
              data-testid={`batch-meter-${row.number}`}
              data-step={row.step}
              data-why={row.why ?? ""}
            >
              <KnownCells row={row} />
              <td>
                <span className={`tag ${stepTones[row.step]}`}>{t(`batches.steps.${row.step}`)}</span>
              </td>
              <td className="batch-reason">{whyText(row)}</td>
              <td>{row.sentAt === null ? MISSING : clockTime(row.sentAt)}</td>
              <td>{row.doneAt === null ? MISSING : clockTime(row.doneAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );

  function whyText({ why, step, stateReason }: BatchMeter): string {
    if (why !== null) return t(`batches.why.${why}`);
    return stateReason === "" || step === "confirmed" || step === "cancelled" ? "" : reasonText(stateReason);
  }
}

/** Meters of a list that is being made: who stays out, and why. */
export function PreviewRows({ rows }: { rows: readonly Known[] }) {
  const { t } = useTranslation();
  return (
    <SheetBox cards>
      <table className="sheet" data-testid="preview-meters">
        <thead>
          <tr>
            <KnownHeads />
            <th>{t("batches.explained")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.meterId} data-testid={`preview-${row.number}`} data-why={row.why ?? ""}>
              <KnownCells row={row} />
              <td className="batch-reason">
                {row.why === null ? "" : <span className="tag">{t("batches.steps.left_out")}</span>}{" "}
                {row.why === null ? "" : t(`batches.why.${row.why}`)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}

function KnownHeads() {
  const { t } = useTranslation();
  return (
    <>
      <th className="first">{t("batches.room")}</th>
      <th>{t("batches.number")}</th>
      <th>{t("batches.area")}</th>
      <th>{t("batches.customer")}</th>
      <th>{t("batches.was")}</th>
      <th className="num">{t("batches.left")}</th>
    </>
  );
}

function KnownCells({ row }: { row: Omit<Known, "why"> }) {
  const { t } = useTranslation();
  return (
    <>
      <th scope="row" className="first">
        <Link to={`/?meter=${row.meterId}`}>{row.label}</Link>
      </th>
      <td>{row.number}</td>
      <td>{row.areaName}</td>
      <td>{row.customer ?? MISSING}</td>
      <td>
        <span className={`state-mark state-${row.state}`}>
          <StateIcon state={row.state} size={12} />
        </span>{" "}
        {t(`state.${row.state}`)}
        {row.guarded ? <span className="tag tag-good batch-guarded">{t("batches.guarded")}</span> : null}
      </td>
      <td className="num">
        {leftText(row)}
        {row.remainingAt === 0 ? null : <small>{dateTime(row.remainingAt)}</small>}
      </td>
    </>
  );

  function leftText({ remainingWh, remainingYuan, kind }: Omit<Known, "why">): string {
    if (remainingWh !== null) return `${unitsShort(remainingWh)} ${t(`unit.${kind}`)}`;
    return remainingYuan === null ? MISSING : `${yuanShort(remainingYuan)} ${t("unit.yuan")}`;
  }
}
