import { useTranslation } from "react-i18next";
import type { Refund } from "#contract/refunds.ts";
import { postRefundPrint, refundKeys } from "#web/shared/api-refunds.ts";
import { dateTime, units, yuan } from "#web/shared/format.ts";
import { SlipFrame } from "../payments/receipt-frame.tsx";
import { methodText } from "./method-text.ts";
import { isPaidOut, isVoid } from "./refund-money.ts";
import { isRefundDone } from "./refund-steps.ts";

/** The slip (退费单) of a refund, for the customer to sign; says so while it is not finished, or was for nothing. */
export function RefundSlip({ refund }: { refund: Refund }) {
  const { t } = useTranslation();
  const paid = isPaidOut(refund);
  const taken = refund.takenWh ?? refund.unitsWh;
  const line = (shown: boolean, name: string, value: string): [string, string][] => (shown ? [[name, value]] : []);
  const title = t(
    refund.kind === "clear"
      ? "refunds.slip.clearTitle"
      : refund.kind === "debt"
        ? "refunds.slip.debtTitle"
        : "refunds.slip.title",
  );
  const mark = isVoid(refund) ? t("refunds.slip.void") : isRefundDone(refund) ? "" : t("refunds.slip.pending");
  return (
    <SlipFrame
      title={title + mark}
      amount={paid ? refund.payable : refund.amount}
      lines={[
        [t("refunds.refundNo"), refund.refundNo],
        [t("refunds.time"), dateTime(refund.createdAt)],
        [t("receipt.room"), refund.label],
        [t("receipt.customer"), refund.customer],
        [t("receipt.meter"), refund.number],
        [t("refunds.type"), t(`refunds.kind.${refund.kind}`)],
        ...line(taken > 0, t("refunds.units"), `${units(taken)} ${t(`unit.sold.${refund.meterKind}`)}`),
        ...line(
          paid && refund.amount !== refund.payable,
          t("refunds.worth"),
          t("receipt.yuan", { value: yuan(refund.amount) }),
        ),
        ...line(refund.method !== "", t("refunds.payBy"), methodText(refund)),
        ...line(refund.orderNo !== null, t("refunds.orderNo"), refund.orderNo ?? ""),
        ...line(refund.replacementNo !== null, t("refunds.replacementNo"), refund.replacementNo ?? ""),
        [t("refunds.why"), refund.reason],
        [t("refunds.stateWord"), t(`refunds.state.${refund.state}`)],
        ...line(refund.confirmedAt !== null && taken > 0, t("refunds.confirmedAt"), dateTime(refund.confirmedAt)),
        [t("refunds.operator"), refund.createdBy],
        ...line(refund.decidedBy !== null, t("refunds.decidedBy"), refund.decidedBy ?? ""),
        ...line(refund.paidBy !== null, t("refunds.paidBy"), refund.paidBy ?? ""),
        ...line(refund.paidAt !== null, t("refunds.paidAt"), dateTime(refund.paidAt)),
        ...line(refund.payoutNote !== "", t("refunds.payoutNote"), refund.payoutNote),
      ]}
      project={refund.project}
      prints={refund.prints}
      counter={{ queryKey: refundKeys.one(refund.refundNo), count: (key) => postRefundPrint(refund.refundNo, key) }}
      words={{
        amount: t(paid ? "refunds.slip.amount" : "refunds.slip.value"),
        print: t("refunds.slip.print"),
        sign: t("refunds.slip.sign"),
      }}
    />
  );
}
