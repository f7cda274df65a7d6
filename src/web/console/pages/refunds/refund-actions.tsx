import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Refund } from "#contract/refunds.ts";
import { deskKeys } from "#web/shared/api-desk.ts";
import { postPayout, postRefundRecheck, postRefundWithdraw, refundKeys } from "#web/shared/api-refunds.ts";
import { useCan } from "#web/shared/can.tsx";
import { yuan } from "#web/shared/format.ts";
import { keys } from "#web/shared/live-cache.ts";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { methodText } from "./method-text.ts";

type Doing = "payout" | "withdraw" | "recheck";

/** What may be done with a refund as it is: hand the money out, take it back, look at the meter again. */
export function RefundActions({ refund }: { refund: Refund }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const mayRefund = useCan("refund.create");
  const mayRecheck = useCan("recharge.recheck");
  const [doing, setDoing] = useState<Doing | null>(null);
  const { state, refundNo } = refund;
  const isMoveOut = refund.moveOutNo !== null;
  const can = {
    payout: mayRefund && state === "confirmed",
    withdraw: mayRefund && !isMoveOut && (state === "requested" || state === "approved" || state === "confirmed"),
    recheck: mayRecheck && state === "stopped",
  };
  const close = (): void => {
    setDoing(null);
    for (const queryKey of [refundKeys.all, deskKeys.shifts, keys.meter(refund.meterId)])
      void client.invalidateQueries({ queryKey });
  };
  const follow = (changed: Refund) => client.setQueryData(refundKeys.one(refundNo), changed);
  const dialog = { onDone: close, onClose: close };
  const figures = {
    refundNo,
    label: refund.label,
    customer: refund.customer,
    amount: yuan(refund.payable),
    method: methodText(refund),
  };
  if (!Object.values(can).some(Boolean) && doing === null) return null;
  return (
    <div className="row-buttons">
      {can.payout ? (
        <Button type="primary" onClick={() => setDoing("payout")} data-testid="payout">
          {t("refunds.payout.open")}
        </Button>
      ) : null}
      {can.withdraw ? (
        <Button danger onClick={() => setDoing("withdraw")} data-testid="refund-withdraw">
          {t(state === "confirmed" ? "refunds.withdraw.openKeep" : "refunds.withdraw.open")}
        </Button>
      ) : null}
      {can.recheck ? (
        <Button onClick={() => setDoing("recheck")} data-testid="refund-recheck">
          {t("refunds.recheck.open")}
        </Button>
      ) : null}
      {doing === "payout" ? (
        <ReasonDialog
          {...dialog}
          title={t("refunds.payout.title", figures)}
          label={t(byHand(refund) ? "refunds.payout.note" : "refunds.payout.noteRequired")}
          missingText={byHand(refund) ? null : t("refunds.payout.noteMissing")}
          confirmText={t("refunds.payout.confirm", figures)}
          cancelText={t("refunds.payout.cancel")}
          testId="payout"
          act={(note) => postPayout(refundNo, note).then(follow)}
        >
          <p>
            <strong>{t("refunds.payout.lead", figures)}</strong>
          </p>
          <p>{t(byHand(refund) ? "refunds.payout.cash" : "refunds.payout.other")}</p>
        </ReasonDialog>
      ) : null}
      {doing === "withdraw" ? (
        <ReasonDialog
          {...dialog}
          title={t("refunds.withdraw.title", figures)}
          label={t("refunds.reason")}
          missingText={t("refunds.reasonMissing")}
          confirmText={t("refunds.withdraw.confirm")}
          cancelText={t("refunds.withdraw.cancel")}
          danger
          testId="refund-withdraw"
          act={(reason) => postRefundWithdraw(refundNo, reason).then(follow)}
        >
          <p>{t(state === "confirmed" ? "refunds.withdraw.leadKeep" : "refunds.withdraw.lead", figures)}</p>
        </ReasonDialog>
      ) : null}
      {doing === "recheck" ? (
        <ReasonDialog
          {...dialog}
          title={t("refunds.recheck.title", figures)}
          label={t("refunds.recheck.reason")}
          missingText={t("recheck.reasonMissing")}
          confirmText={t("refunds.recheck.confirm")}
          cancelText={t("refunds.recheck.cancel")}
          testId="refund-recheck"
          act={(reason) => postRefundRecheck(refundNo, reason).then(follow)}
        >
          <p>{t("refunds.recheck.lead")}</p>
        </ReasonDialog>
      ) : null}
    </div>
  );
}

/** True when the money is cash out of the till. */
function byHand({ method, orderChannel }: Refund): boolean {
  return method === "cash" || (method === "original" && orderChannel === "cash");
}
