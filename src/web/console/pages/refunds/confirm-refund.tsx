import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { RefundOptions, RefundPreview } from "#contract/refunds.ts";
import { amountWords } from "#web/shared/amount-words.ts";
import { tail, units, yuan } from "#web/shared/format.ts";
import { Dialog } from "../../dialog.tsx";
import { channelText } from "../recharge/channel-text.ts";
import type { RefundDraft } from "./refund-draft.ts";

type ConfirmProps = {
  draft: RefundDraft;
  preview: RefundPreview;
  options: RefundOptions;
  onBack: () => void;
  onConfirm: () => void;
};

/** Repeats what is about to be taken back, from whom and where. The focus is on "back": Enter, however often pressed, does nothing. */
export function ConfirmRefund({ draft, preview, options, onBack, onConfirm }: ConfirmProps) {
  const { t } = useTranslation();
  const words = amountWords(preview.payable);
  const order = options.orders.find((each) => each.orderNo === draft.orderNo);
  const takes = { units: "refunds.takes", wallet: "refunds.takesWallet", balance: "refunds.takesBalance" } as const;
  const unit = draft.kind === "units" ? t(`unit.sold.${options.meterKind}`) : t("unit.yuan");
  return (
    <Dialog title={t("refunds.confirmTitle")} onClose={onBack} testId="refund-confirm">
      <dl className="confirm">
        <dt>{t("refunds.room")}</dt>
        <dd className="confirm-big">
          {options.label} <small>{options.customer}</small>
        </dd>
        <dt>{t("refunds.meterTail")}</dt>
        <dd className="confirm-big">{tail(options.number)}</dd>
        <dt>{t(takes[draft.kind])}</dt>
        <dd data-testid="confirm-before-after">
          <b>{`${draft.kind === "units" ? units(preview.unitsWh) : yuan(preview.amount)} ${unit}`}</b>{" "}
          <small>
            {preview.beforeWh === null
              ? `${yuan(preview.before)} → ${yuan(preview.after)}`
              : `${units(preview.beforeWh)} → ${units(preview.afterWh)}`}
          </small>
        </dd>
        <dt>{t("refunds.pays")}</dt>
        <dd className="confirm-big confirm-amount" data-testid="confirm-refund-amount">
          {yuan(preview.payable)}
        </dd>
        {words === null ? null : (
          <>
            <dt>{t("refunds.words")}</dt>
            <dd>{words}</dd>
          </>
        )}
        <dt>{t("refunds.payBy")}</dt>
        <dd>
          {draft.method === "original" && order
            ? t("refunds.originalBy", { channel: channelText(order.channel) })
            : t(`refunds.method.${draft.method}`)}
        </dd>
        {draft.orderNo === null ? null : (
          <>
            <dt>{t("refunds.orderNo")}</dt>
            <dd>{draft.orderNo}</dd>
          </>
        )}
        <dt>{t("refunds.why")}</dt>
        <dd>{draft.reason}</dd>
      </dl>
      {preview.needsApproval ? <p className="banner banner-warn">{t("refunds.needsApproval")}</p> : null}
      <div className="dialog-buttons">
        <Button size="large" onClick={onBack} data-autofocus="" data-testid="refund-back">
          {t("refunds.confirmBack")}
        </Button>
        <Button size="large" type="primary" onClick={onConfirm} data-testid="refund-send">
          {t("refunds.confirm", { amount: yuan(preview.payable) })}
        </Button>
      </div>
    </Dialog>
  );
}
