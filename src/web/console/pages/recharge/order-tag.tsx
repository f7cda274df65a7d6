import { useTranslation } from "react-i18next";
import type { OrderState } from "#contract/money.ts";

const looks: Record<OrderState, string> = {
  booked: "doing",
  sent: "doing",
  unknown: "warn",
  confirmed: "good",
  refused: "bad",
  stopped: "bad",
  withdrawn: "quiet",
};

/** The state of a recharge order in a word. */
export function OrderTag({ state }: { state: OrderState }) {
  const { t } = useTranslation();
  return (
    <span className={`tag tag-${looks[state]}`} data-order-state={state}>
      {t(`recharge.state.${state}`)}
    </span>
  );
}
