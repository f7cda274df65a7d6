import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Refund } from "#contract/refunds.ts";
import { getRefund, refundKeys } from "#web/shared/api-refunds.ts";
import { clockTime, yuan } from "#web/shared/format.ts";
import { reasonText } from "#web/shared/i18n.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { Steps } from "../../steps.tsx";
import { RefundActions } from "./refund-actions.tsx";
import { RefundApproval } from "./refund-approval.tsx";
import { RefundFacts } from "./refund-facts.tsx";
import { RefundSlip } from "./refund-slip.tsx";
import { isRefundDone, refundSteps } from "./refund-steps.ts";
import { Replace } from "./replacement.tsx";
import "../recharge/recharge.css";
import "./refunds.css";

/** While a meter is asked, beside the live events; and while a person is waited for. */
const METER_MS = 1_500;
const PERSON_MS = 4_000;
/** After so long the cashier is told not to worry and not to ask again. */
const SLOW_MS = 15_000;

/** One refund, clear or write-off: where it is, what has become of the money, what is to be done, and its slip. */
export function RefundView({ refundNo }: { refundNo: string }) {
  const found = useQuery({
    queryKey: refundKeys.one(refundNo),
    queryFn: () => getRefund(refundNo),
    refetchInterval: ({ state: { data } }) => (data === undefined || isRefundDone(data) ? false : pollMs(data)),
  });
  if (found.data === undefined) {
    return found.error ? <FailedNotice error={found.error} retry={() => void found.refetch()} /> : <Loading rows={6} />;
  }
  const refund = found.data;
  return (
    <div className="order" data-testid="refund" data-state={refund.state} data-refund={refund.refundNo}>
      <div className="refund-story no-print">
        <Progress refund={refund} />
        <RefundApproval refund={refund} />
        <Replace refund={refund} />
        <RefundFacts refund={refund} />
      </div>
      <RefundSlip refund={refund} />
    </div>
  );
}

function pollMs({ state }: Refund): number {
  return state === "approved" || state === "deducting" ? METER_MS : PERSON_MS;
}

function Progress({ refund }: { refund: Refund }) {
  const { t } = useTranslation();
  const { state } = refund;
  const slow = useSlow(refund);
  const waits = state === "approved" || state === "deducting";
  const look =
    state === "paid" || state === "done" ? "good" : state === "refused" || state === "stopped" ? "bad" : "doing";
  const quiet = state === "rejected" || state === "withdrawn";
  const why = whyText(refund);
  return (
    <section
      className={`panel progress progress-${quiet ? "quiet" : look}`}
      aria-label={t("refunds.progress")}
      data-testid="progress"
    >
      <Steps
        steps={refundSteps(refund).map((step) => ({
          name: t(`refunds.step.${step.name}`),
          state: step.state,
          time: step.at === null ? "" : clockTime(step.at),
        }))}
      />
      <p className="progress-sentence" role="status" data-testid="progress-sentence">
        {t(sentenceOf(refund), { amount: yuan(refund.payable), value: yuan(refund.amount) })}
      </p>
      {why === "" ? null : (
        <p className="muted" data-testid="refund-why">
          {t("refunds.because", { reason: why })}
        </p>
      )}
      {refund.stateReason === "revalued" ? <p className="banner banner-warn">{t("refunds.revalued")}</p> : null}
      {waits && !refund.reachable ? (
        <p className="banner banner-warn" role="alert" data-testid="wait-online">
          {t("refunds.waitOnline")}
        </p>
      ) : waits && slow ? (
        <p className="banner banner-warn" role="alert" data-testid="slow">
          {t("refunds.slow")}
        </p>
      ) : null}
      <RefundActions refund={refund} />
    </section>
  );
}

function sentenceOf({ state, kind, stateReason }: Refund) {
  if (state === "rejected" && stateReason === "expired") return "refunds.now.expired";
  if (state !== "done") return `refunds.now.${state}` as const;
  if (kind === "clear") return "refunds.now.doneClear";
  return kind === "debt" ? "refunds.now.doneDebt" : "refunds.now.doneNothing";
}

/** Codes of the meter in words; reasons of people as they wrote them. */
function whyText({ state, stateReason }: Refund): string {
  if (stateReason === "" || stateReason === "recheck" || stateReason === "revalued" || stateReason === "expired")
    return "";
  return state === "withdrawn" || state === "rejected" ? stateReason : reasonText(stateReason);
}

/** True when a refund has been on its way to the meter for too long, by this computer's own watch. */
function useSlow({ refundNo, state }: Refund): boolean {
  const [slow, setSlow] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another refund, or another step, starts the watch anew
  useEffect(() => {
    setSlow(false);
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [refundNo, state]);
  return slow;
}
