import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Recharge } from "#contract/money.ts";
import { postWithdraw } from "#web/shared/api.ts";
import { useCan } from "#web/shared/can.tsx";
import { isZero, unitsSold, yuan } from "#web/shared/format.ts";
import { OrderDialog } from "./order-dialog.tsx";

/** Takes back (撤回) an order that waits and was never sent. The server decides: it may be sent at any moment. */
export function Withdraw({ order }: { order: Recharge }) {
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
      {asking ? <WithdrawDialog order={order} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

type WithdrawDialogProps = { order: Recharge; onClose: () => void };

/** Says what becomes of the money, and asks why. */
function WithdrawDialog({ order, onClose }: WithdrawDialogProps) {
  const { t } = useTranslation();
  const unit = t(`unit.sold.${order.kind}`);
  const figures = { label: order.label, amount: yuan(order.amount), units: unitsSold(order.unitsWh), unit };
  const act = (reason: string) => postWithdraw(order.orderNo, { reason });
  return (
    <OrderDialog order={order} words="withdraw" act={act} danger onClose={onClose}>
      <p>{t("withdraw.lead", figures)}</p>
      <p>
        <strong>{t("withdraw.money", { cost: yuan(order.unitsCost), customer: order.customer })}</strong>
      </p>
      {isZero(order.debts) ? null : <p>{t("withdraw.debts", { debts: yuan(order.debts) })}</p>}
    </OrderDialog>
  );
}
