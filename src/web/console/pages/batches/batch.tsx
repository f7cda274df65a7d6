import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import type { Batch } from "#contract/switch-batches.ts";
import { type BatchStep, batchSteps } from "#domain/switch-batch.ts";
import { approvalKeys } from "#web/shared/api-approvals.ts";
import { batchFilePath, batchKeys, getBatch, postBatchCancel } from "#web/shared/api-batches.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime } from "#web/shared/format.ts";
import { withFilter } from "../../address-filter.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { useAddress } from "../../use-address.ts";
import { ApprovalCard } from "../approvals/approval-card.tsx";
import { BatchRows } from "./batch-rows.tsx";
import { Pager, pageOf } from "./pager.tsx";
import { stateTones } from "./tones.ts";
import "../approvals/approvals.css";
import "./words.ts";
import "../records/records.css";
import "../reports/reports.css";
import "./batches.css";

/** While something is on its way the page is asked for again so often. */
const LIVE_MS = 1_500;
const CALM_MS = 15_000;

/** One batch: the frozen list, who agreed to it, and how each meter is going. */
export function BatchPage() {
  const { t } = useTranslation();
  const { batchId = "" } = useParams();
  const client = useQueryClient();
  const found = useQuery({
    queryKey: batchKeys.one(batchId),
    queryFn: () => getBatch(batchId),
    refetchInterval: ({ state }) => (state.data && isLive(state.data) ? LIVE_MS : CALM_MS),
  });
  const batch = found.data;
  const again = (): void => {
    void client.invalidateQueries({ queryKey: batchKeys.all });
    void client.invalidateQueries({ queryKey: approvalKeys.all });
  };
  return (
    <main className="page" id="main" tabIndex={-1}>
      {batch === undefined ? (
        <>
          <div className="page-head">
            <h1>{t("batches.title")}</h1>
          </div>
          {found.error ? <FailedNotice error={found.error} retry={() => void found.refetch()} /> : <Loading rows={8} />}
        </>
      ) : (
        <>
          <BatchHead batch={batch} onChanged={again} />
          <BatchBody batch={batch} onChanged={again} />
        </>
      )}
    </main>
  );
}

type Props = { batch: Batch; onChanged: () => void };

function BatchHead({ batch, onChanged }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [stopping, setStopping] = useState(false);
  const may = useCan(`meter.${batch.kind}`);
  const { steps } = batch;
  const unsent = steps.waiting + steps.queued;
  const failed = steps.failed + steps.unanswered;
  const isWaiting = batch.state === "requested";
  return (
    <>
      <div className="page-head">
        <h1>{t(`batches.one.${batch.kind}`)}</h1>
        <span className={`tag ${stateTones[batch.state]}`} data-testid="batch-state" data-state={batch.state}>
          {t(`batches.states.${batch.state}`)}
        </span>
        <small>{t("meter.asOf", { time: dateTime(batch.asOf) })}</small>
        <ExportButton path={batchFilePath(batch.batchId)} />
        <Link className="link-button" to="/switch-batches">
          {t("batches.back")}
        </Link>
        {may && failed > 0 && !isWaiting ? (
          <Button
            onClick={() => navigate(`/switch-batches/new?do=${batch.kind}&again=${batch.batchId}`)}
            data-testid="batch-again"
          >
            {t("batches.again", { count: failed })}
          </Button>
        ) : null}
        {batch.mayCancel ? (
          <Button danger onClick={() => setStopping(true)} data-testid="batch-stop">
            {t(isWaiting ? "batches.withdraw" : "batches.stop")}
          </Button>
        ) : null}
      </div>
      {stopping ? (
        <ReasonDialog
          title={t("batches.stopTitle")}
          label={t("batches.stopReason")}
          missingText={null}
          confirmText={t(isWaiting ? "batches.withdraw" : "batches.stopConfirm")}
          cancelText={t("batches.cancelBack")}
          danger
          testId="batch-stop"
          act={(reason) => postBatchCancel(batch.batchId, reason)}
          onDone={() => {
            setStopping(false);
            onChanged();
          }}
          onClose={() => setStopping(false)}
        >
          <p>{t(isWaiting ? "batches.withdrawLead" : "batches.stopLead", { unsent, sent: sentOf(batch) })}</p>
        </ReasonDialog>
      ) : null}
    </>
  );
}

function BatchBody({ batch, onChanged }: Props) {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const step = batchSteps.find((each) => each === address.get("step")) ?? null;
  const rows = step === null ? batch.items : batch.items.filter((each) => each.step === step);
  const shown = pageOf(rows, Number(address.get("page") ?? "1") || 1);
  const change = (changed: Record<string, string>): void =>
    setAddress((before) => withFilter(before, { page: "", ...changed }), { replace: true });
  const { steps, approval } = batch;
  return (
    <>
      <BatchFacts batch={batch} />
      {batch.whole ? null : <p className="banner banner-warn">{t("batches.partial")}</p>}
      {batch.hold === null ? null : (
        <p className="banner banner-warn" role="status" data-testid="batch-hold" data-hold={batch.hold}>
          {t(`batches.hold.${batch.hold}`)}
        </p>
      )}
      {batch.state === "cancelled" ? (
        <p className="banner banner-warn" role="status" data-testid="batch-stopped">
          {t("batches.stopped", { name: batch.cancelledBy, stopped: steps.cancelled, sent: sentOf(batch) })}
        </p>
      ) : null}
      {approval === null || (approval.state === "approved" && approval.decisionReason === "") ? null : (
        <>
          {batch.state === "requested" && approval.whyNot === null ? (
            <p className="banner banner-warn">{t("batches.approveHint", { count: steps.waiting })}</p>
          ) : null}
          <ApprovalCard approval={approval} onChanged={onChanged} atObject seen={batch.list} />
        </>
      )}
      <fieldset className="batch-steps" aria-label={t("batches.progress")}>
        <Button
          aria-pressed={step === null}
          type={step === null ? "primary" : "default"}
          onClick={() => change({ step: "" })}
          data-testid="step-all"
          data-count={batch.items.length}
        >
          {t("batches.all", { count: batch.items.length })}
        </Button>
        {batchSteps
          .filter((each) => steps[each] > 0 || each === step)
          .map((each) => (
            <Button
              key={each}
              aria-pressed={step === each}
              type={step === each ? "primary" : "default"}
              onClick={() => change({ step: step === each ? "" : each })}
              data-testid={`step-${each}`}
              data-count={steps[each]}
            >
              {t(`batches.steps.${each}`)} {steps[each]}
            </Button>
          ))}
      </fieldset>
      <BatchRows rows={shown.rows} />
      <Pager page={shown.page} total={rows.length} onPage={(page) => change({ page: String(page) })} />
      <p className="muted">{t("batches.listHash", { hash: batch.list.slice(0, 16) })}</p>
    </>
  );
}

function BatchFacts({ batch }: { batch: Batch }) {
  const { t } = useTranslation();
  const facts: [name: string, value: string][] = [
    [t("batches.reason"), batch.reason],
    [t("batches.askedBy"), `${batch.requestedBy} ${dateTime(batch.requestedAt)}`],
    [
      t("batches.approvedBy"),
      batch.approvedBy ?? (batch.approval === null && batch.whole ? t("batches.noApproval") : ""),
    ],
    [t("batches.sendUntil"), batch.state === "running" ? dateTime(batch.sendUntil) : ""],
    [t("batches.endedAt"), batch.endedAt === null ? "" : dateTime(batch.endedAt)],
  ];
  return (
    <dl className="facts batch-facts panel">
      {facts
        .filter(([, value]) => value !== "")
        .map(([name, value]) => (
          <div key={name} className="facts-row">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      {batch.againOf === null ? null : (
        <div className="facts-row">
          <dt>{t("batches.againOf")}</dt>
          <dd>
            <Link to={`/switch-batches/${batch.againOf}`}>{batch.againOf}</Link>
          </dd>
        </div>
      )}
    </dl>
  );
}

/** Meters that may have been reached. */
function sentOf({ steps }: Batch): number {
  return steps.sent + steps.confirmed + steps.failed + steps.unanswered;
}

function isLive({ state, steps }: Batch): boolean {
  const moving: BatchStep[] = ["queued", "sent"];
  return state === "requested" || state === "running" || moving.some((step) => steps[step] > 0);
}
