import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { MoveOut, MoveOutMeter } from "#contract/move-outs.ts";
import { postConfirm, postOverride, postReadAgain } from "#web/shared/api-move-outs.ts";
import { useCan } from "#web/shared/can.tsx";
import { isZero, yuan } from "#web/shared/format.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";

type StepProps = { moveOut: MoveOut; mayAct: boolean; onChanged: (next: MoveOut) => void };

/** The sheet is agreed upon with the tenant; above the limit somebody else agrees, too. */
export function ConfirmStep({ moveOut, mayAct, onChanged }: StepProps) {
  const { t } = useTranslation();
  const mayOverride = useCan("refund.approve");
  const [asking, setAsking] = useState(false);
  const [pricing, setPricing] = useState<MoveOutMeter | null>(null);
  const again = useMutation({
    mutationFn: async () => {
      let next = moveOut;
      for (const meter of moveOut.meters) next = await postReadAgain(moveOut.moveOutNo, meter.meterId);
      return next;
    },
    onSuccess: onChanged,
  });
  const { approval, sheet } = moveOut;
  const isAsked = approval?.state === "requested";
  return (
    <section className="panel no-print" aria-label={t("moveOuts.confirm.title")} data-testid="step-confirm">
      <h2>{t("moveOuts.confirm.title")}</h2>
      {isAsked ? (
        <>
          <p className="banner banner-warn" role="status" data-testid="move-out-asked">
            {t("moveOuts.confirm.asked")}{" "}
            {t("moveOuts.confirm.askedBy", { by: approval.requestedBy, amount: yuan(approval.amount) })}
          </p>
          <Link className="link-button" to="/approvals">
            {t("moveOuts.confirm.openApprovals")}
          </Link>
        </>
      ) : (
        <>
          {approval !== null && approval.state !== "approved" ? (
            <p className="banner banner-warn">
              {t("moveOuts.confirm.rejected", {
                reason: approval.decisionReason === "" ? t("moveOuts.confirm.noReason") : approval.decisionReason,
              })}
            </p>
          ) : null}
          <p>{t("moveOuts.confirm.lead")}</p>
          <div className="row-buttons">
            {mayAct ? (
              <>
                <Button type="primary" onClick={() => setAsking(true)} data-testid="move-out-confirm">
                  {t("moveOuts.confirm.action")}
                </Button>
                <Button onClick={() => again.isPending || again.mutate()} aria-busy={again.isPending}>
                  {t("moveOuts.readings.again")}
                </Button>
              </>
            ) : null}
            {mayOverride
              ? moveOut.meters
                  .filter((meter) => meter.creditAt === "meter")
                  .map((meter) => (
                    <Button
                      key={meter.meterId}
                      onClick={() => setPricing(meter)}
                      data-testid={`override-${meter.meterId}`}
                    >
                      {`${t("moveOuts.override.action")} ${meter.label}`}
                    </Button>
                  ))
              : null}
          </div>
          {again.error ? <FailedLine error={again.error} /> : null}
        </>
      )}
      {asking && sheet !== null ? (
        <ConfirmDialog moveOut={moveOut} onChanged={onChanged} onClose={() => setAsking(false)} />
      ) : null}
      {pricing === null ? null : (
        <OverrideDialog meter={pricing} {...{ moveOut, onChanged }} onClose={() => setPricing(null)} />
      )}
    </section>
  );
}

type DialogProps = Omit<StepProps, "mayAct"> & { onClose: () => void };

/** Says once more what is cleared and what is paid. The focus is on "back". */
function ConfirmDialog({ moveOut, onChanged, onClose }: DialogProps) {
  const { t } = useTranslation();
  const confirming = useMutation({
    mutationFn: () => postConfirm(moveOut.moveOutNo, moveOut.rev),
    onSuccess: (next) => {
      onChanged(next);
      onClose();
    },
  });
  const count = moveOut.meters.filter((meter) => meter.creditAt === "meter").length;
  const { sheet } = moveOut;
  const owes = sheet !== null && !isZero(sheet.owed);
  return (
    <Dialog title={t("moveOuts.confirm.askTitle")} onClose={onClose} testId="confirm-dialog">
      <div className="dialog-lead">
        <p>
          {owes
            ? t("moveOuts.confirm.askOwed", { count, owed: yuan(sheet.owed) })
            : t("moveOuts.confirm.askLead", { count, payable: yuan(sheet?.payable ?? "0") })}
        </p>
      </div>
      {confirming.error ? <FailedLine error={confirming.error} testId="confirm-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="">
          {t("moveOuts.confirm.back")}
        </Button>
        <Button
          danger
          onClick={() => confirming.isPending || confirming.mutate()}
          aria-busy={confirming.isPending}
          data-testid="confirm-clear"
        >
          {confirming.isPending ? t("app.loading") : t("moveOuts.confirm.action")}
        </Button>
      </div>
    </Dialog>
  );
}

function OverrideDialog({ meter, moveOut, onChanged, onClose }: DialogProps & { meter: MoveOutMeter }) {
  const { t } = useTranslation();
  const [price, setPrice] = useState("");
  return (
    <ReasonDialog
      title={t("moveOuts.override.title", { label: meter.label })}
      label={t("moveOuts.override.why")}
      missingText={t("moveOuts.override.whyMissing")}
      confirmText={t("moveOuts.override.save")}
      cancelText={t("moveOuts.cancel.keep")}
      testId="override"
      act={(reason) =>
        postOverride(moveOut.moveOutNo, meter.meterId, {
          price: price.trim() === "" ? null : price.trim(),
          reason,
        }).then(onChanged)
      }
      onDone={onClose}
      onClose={onClose}
    >
      <p>{t("moveOuts.override.lead")}</p>
      <label className="field" htmlFor="override-price">
        <span>{t("moveOuts.override.price")}</span>
        <Input
          id="override-price"
          inputMode="decimal"
          value={price}
          maxLength={10}
          onChange={(event) => setPrice(event.target.value)}
          data-testid="override-price"
        />
      </label>
    </ReasonDialog>
  );
}
