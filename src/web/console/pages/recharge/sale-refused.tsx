import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { refusalCode, refusedRepeat } from "#web/shared/api.ts";
import { useCan } from "#web/shared/can.tsx";
import { FailedLine } from "../../notice.tsx";

/** Why a sale is refused; where it may be booked already, with the way to that order. `booking`: it was sent, not only asked about. */
export function SaleRefused({ error, booking = false }: { error: unknown; booking?: boolean }) {
  const { t } = useTranslation();
  const seesOrders = useCan("recharge.view");
  const orderNo = refusedRepeat(error);
  const more = t(refusalCode(error) === "order_key_conflict" ? "recharge.conflict" : "recharge.notBooked");
  return (
    <>
      {/* "Nothing was booked" is no word for what may have been booked before. */}
      <FailedLine
        error={error}
        {...(booking && orderNo === null && { more })}
        testId={booking ? "recharge-problem" : "preview-problem"}
      />
      {orderNo !== null && seesOrders ? (
        <Link className="link-button link-primary" to={`/records/${orderNo}`} data-testid="to-repeat">
          {t("limits.toRepeat", { orderNo })}
        </Link>
      ) : null}
    </>
  );
}
