import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Recharge } from "#contract/money.ts";
import { postWithdraw } from "../../../shared/api.ts";
import { useCan } from "../../../shared/can.tsx";
import { isZero, unitsSold, yuan } from "../../../shared/format.ts";
import { keys } from "../../../shared/live-cache.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import type { MeterKind } from "./meter-kind.ts";

/** Takes back (撤回) an order that waits and was never sent. The server decides: it may be sent at any moment. */
export function Withdraw({ order, kind }: { order: Recharge; kind: MeterKind | null }) {
  const { t } = useTranslation();
  const allowed = useCan("recharge.withdraw");
  const [asking, setAsking] = useState(false);
  const waits = order.state === "booked" && order.creditAt === "meter";
  if (!allowed || !(waits || asking)) return null;
  return (
    <>
      {waits ? (
        <div className="row-buttons">
          <Button danger onClick={() => setAsking(true)} data-testid="withdraw">
            {t("withdraw.open")}
          </Button>
        </div>
      ) : null}
      {asking ? <WithdrawDialog order={order} kind={kind} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

type WithdrawDialogProps = { order: Recharge; kind: MeterKind | null; onClose: () => void };

/** Says what becomes of the money, and asks why. The focus is on "keep": Enter never withdraws. */
function WithdrawDialog({ order, kind, onClose }: WithdrawDialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const withdraw = useMutation({
    mutationFn: () => postWithdraw(order.orderNo, { reason: reason.trim() }),
    onSuccess: (withdrawn) => {
      client.setQueryData(keys.order(order.orderNo), withdrawn);
      onClose();
    },
    onSettled: () => {
      for (const queryKey of [keys.order(order.orderNo), keys.orders, keys.meter(order.meterId)])
        void client.invalidateQueries({ queryKey });
    },
  });
  const unit = kind === null ? t("receipt.unitless") : t(`unit.sold.${kind}`);
  const figures = { label: order.label, amount: yuan(order.amount), units: unitsSold(order.unitsWh), unit };
  const isMissing = missing && reason.trim() === "";
  const confirm = (): void => {
    if (reason.trim() === "") setMissing(true);
    else if (!withdraw.isPending) withdraw.mutate();
  };
  return (
    <Dialog title={t("withdraw.title", { orderNo: order.orderNo })} onClose={onClose} testId="withdraw-dialog">
      <div className="dialog-lead">
        <p>{t("withdraw.lead", figures)}</p>
        <p>
          <strong>{t("withdraw.money", { cost: yuan(order.unitsCost), customer: order.customer })}</strong>
        </p>
        {isZero(order.debts) ? null : <p>{t("withdraw.debts", { debts: yuan(order.debts) })}</p>}
      </div>
      <label className="field" htmlFor="withdraw-reason">
        <span>{t("withdraw.reason")}</span>
        <Input
          id="withdraw-reason"
          value={reason}
          maxLength={200}
          {...(isMissing ? { status: "error" as const, "aria-invalid": true } : {})}
          placeholder={t("withdraw.reasonPlaceholder")}
          onChange={(event) => setReason(event.target.value)}
          data-testid="withdraw-reason"
        />
        <span className="field-problem" role="alert" data-testid="withdraw-missing">
          {isMissing ? t("withdraw.reasonMissing") : ""}
        </span>
      </label>
      {withdraw.error ? <FailedLine error={withdraw.error} testId="withdraw-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="" data-testid="withdraw-cancel">
          {t("withdraw.cancel")}
        </Button>
        <Button danger onClick={confirm} aria-busy={withdraw.isPending} data-testid="withdraw-confirm">
          {t("withdraw.confirm")}
        </Button>
      </div>
    </Dialog>
  );
}
