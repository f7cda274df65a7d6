import { useTranslation } from "react-i18next";
import type { Refund } from "#contract/refunds.ts";

const looks: Record<Refund["state"], string> = {
  requested: "warn",
  approved: "doing",
  deducting: "doing",
  confirmed: "warn",
  paid: "good",
  done: "good",
  rejected: "quiet",
  withdrawn: "quiet",
  refused: "bad",
  stopped: "bad",
};

/** The state of a refund in a word. */
export function RefundTag({ state }: { state: Refund["state"] }) {
  const { t } = useTranslation();
  return (
    <span className={`tag tag-${looks[state]}`} data-refund-state={state}>
      {t(`refunds.state.${state}`)}
    </span>
  );
}
