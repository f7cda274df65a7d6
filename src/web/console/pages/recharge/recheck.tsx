import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Recharge } from "#contract/money.ts";
import { postRecheck } from "#web/shared/api.ts";
import { useCan } from "#web/shared/can.tsx";
import { OrderDialog } from "./order-dialog.tsx";

/** Lets a stopped order be looked at again (重新核对) after somebody was at the meter: its purchase count is read anew and decides. */
export function Recheck({ order }: { order: Recharge }) {
  const { t } = useTranslation();
  const allowed = useCan("recharge.recheck");
  const [asking, setAsking] = useState(false);
  const stopped = order.state === "stopped";
  if (!allowed || !(stopped || asking)) return null;
  return (
    <>
      {stopped ? (
        <div className="row-buttons">
          <Button onClick={() => setAsking(true)} data-testid="recheck">
            {t("recheck.open")}
          </Button>
        </div>
      ) : null}
      {asking ? (
        <OrderDialog
          order={order}
          words="recheck"
          act={(reason) => postRecheck(order.orderNo, { reason })}
          onClose={() => setAsking(false)}
        >
          <p>{t("recheck.lead")}</p>
          <p>
            <strong>{t("recheck.money")}</strong>
          </p>
        </OrderDialog>
      ) : null}
    </>
  );
}
