import { useQuery } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatUnits, parseMoney, wh } from "#base/units.ts";
import type { RefundOptions } from "#contract/refunds.ts";
import { isSameAmount, keepAmount, wireAmount } from "#web/shared/amount-input.ts";
import { refusalCode } from "#web/shared/api.ts";
import { getRefundOptions, postRefundPreview, refundKeys } from "#web/shared/api-refunds.ts";
import { shortTime, units, yuan } from "#web/shared/format.ts";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { useSettled } from "../../use-settled.ts";
import { channelText } from "../recharge/channel-text.ts";
import { ConfirmRefund } from "./confirm-refund.tsx";
import type { RefundDraft } from "./refund-draft.ts";
import { RefundPreviewBox } from "./refund-preview.tsx";
import { RefundSource } from "./refund-source.tsx";

const PREVIEW_MS = 200;
/** What there is changes while the meter is read. */
const OPTIONS_MS = 5_000;

type FormProps = {
  draft: RefundDraft;
  onChange: (draft: RefundDraft) => void;
  onSend: (draft: RefundDraft) => void;
  sending: boolean;
  problem: unknown;
};

/** What is given back of one meter or customer, how and why, with what it comes to, calculated by the server. */
export function RefundForm(props: FormProps) {
  const { draft } = props;
  const options = useQuery({
    queryKey: refundKeys.options(draft.meterId),
    queryFn: () => getRefundOptions(draft.meterId),
    refetchInterval: OPTIONS_MS,
  });
  if (options.data === undefined)
    return options.error ? (
      <FailedNotice error={options.error} retry={() => void options.refetch()} />
    ) : (
      <Loading rows={6} />
    );
  return (
    <div className="desk-columns">
      <RefundSource options={options.data} />
      <Form {...props} options={options.data} />
    </div>
  );
}

function Form({ draft, onChange, onSend, sending, problem, options }: FormProps & { options: RefundOptions }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const [tried, setTried] = useState(false);
  const kinds = options.creditAt === "meter" ? (["units", "wallet"] as const) : (["balance", "wallet"] as const);
  const kind = kinds.find((each) => each === draft.kind) ?? kinds[0];
  const orders = options.orders.filter((order) =>
    kind === "units" ? order.credited && order.leftWh > 0 : kind === "wallet" || order.credited,
  );
  const order = orders.find((each) => each.orderNo === draft.orderNo) ?? null;
  const method = draft.method === "original" && order === null ? "cash" : draft.method;
  const asked: RefundDraft = { ...draft, kind, method, orderNo: order?.orderNo ?? null, label: options.label };
  const quantity = wireAmount(draft.quantity);
  const settled = useSettled(quantity, PREVIEW_MS);
  const preview = useQuery({
    queryKey: [...refundKeys.preview, draft.meterId, kind, settled, asked.orderNo],
    queryFn: ({ signal }) =>
      postRefundPreview({ meterId: draft.meterId, kind, quantity: settled ?? "", orderNo: asked.orderNo }, signal),
    enabled: settled !== null,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const isCurrent =
    preview.data !== undefined && quantity !== null && settled !== null && isSameAmount(quantity, settled);
  const noReason = draft.reason.trim() === "";
  const ready = isCurrent && !preview.isFetching && !preview.error && !sending;
  const unit = t(`unit.sold.${options.meterKind}`);
  const most = mostOf(options, kind, order);
  const open = (): void => {
    setTried(true);
    if (ready && !noReason) setAsking(true);
  };
  return (
    <form
      className="panel desk-form"
      data-kept=""
      data-testid="refund-form"
      onSubmit={(event) => event.preventDefault()}
    >
      <div className="field">
        <span>{t("refunds.what")}</span>
        <Segmented
          value={kind}
          onChange={(next: RefundDraft["kind"]) => onChange({ ...asked, kind: next, quantity: "" })}
          options={kinds.map((each) => ({ value: each, label: t(`refunds.kindTab.${each}`) }))}
          aria-label={t("refunds.what")}
          data-testid="refund-kind"
        />
      </div>
      <label className="field" htmlFor="refund-order">
        <span>{t("refunds.about")}</span>
        <select
          id="refund-order"
          className="refund-select"
          value={asked.orderNo ?? ""}
          onChange={(event) => onChange({ ...asked, orderNo: event.target.value === "" ? null : event.target.value })}
          data-testid="refund-order"
        >
          <option value="">{t("refunds.aboutNone")}</option>
          {orders.map((each) => {
            const figures = { time: shortTime(each.at, Date.now()), amount: yuan(each.amount) };
            return (
              <option key={each.orderNo} value={each.orderNo}>
                {kind === "units"
                  ? t("refunds.aboutUnits", { ...figures, left: `${units(each.leftWh)} ${unit}` })
                  : t("refunds.aboutMoney", { ...figures, left: yuan(each.left) })}
              </option>
            );
          })}
        </select>
      </label>
      <div className="field">
        <label htmlFor="refund-quantity">
          {kind === "units" ? t("refunds.quantityUnits", { unit }) : t("refunds.quantityMoney")}
        </label>
        <div className="refund-quantity">
          <Input
            id="refund-quantity"
            className="amount-input"
            inputMode="decimal"
            autoComplete="off"
            value={draft.quantity}
            onChange={(event) => onChange({ ...asked, quantity: keepAmount(event.target.value) })}
            data-testid="refund-quantity"
          />
          <Button
            disabled={most === null}
            onClick={() => most !== null && onChange({ ...asked, quantity: most })}
            data-testid="refund-all"
          >
            {t("refunds.everything")}
          </Button>
        </div>
      </div>
      {preview.error && settled === quantity ? (
        <FailedLine error={preview.error} testId="preview-problem" />
      ) : (
        <RefundPreviewBox
          preview={isCurrent ? preview.data : undefined}
          kind={kind}
          meterKind={options.meterKind}
          busy={quantity !== null && (quantity !== settled || preview.isFetching)}
        />
      )}
      <div className="field">
        <span>{t("refunds.payBy")}</span>
        <Segmented
          value={method}
          onChange={(next: RefundDraft["method"]) => onChange({ ...asked, method: next })}
          options={(["cash", "transfer", "original"] as const).map((each) => ({
            value: each,
            label:
              each === "original" && order !== null
                ? t("refunds.originalBy", { channel: channelText(order.channel) })
                : t(`refunds.method.${each}`),
            disabled: each === "original" && order === null,
          }))}
          aria-label={t("refunds.payBy")}
          data-testid="refund-method"
        />
      </div>
      <label className="field" htmlFor="refund-reason">
        <span>{t("refunds.reason")}</span>
        <Input
          id="refund-reason"
          value={draft.reason}
          maxLength={200}
          placeholder={t("refunds.reasonHint")}
          {...(tried && noReason ? { status: "error" as const, "aria-invalid": true } : {})}
          onChange={(event) => onChange({ ...asked, reason: event.target.value })}
          data-testid="refund-reason"
        />
        <span className="field-problem" role="alert" data-testid="refund-reason-missing">
          {tried && noReason ? t("refunds.reasonMissing") : ""}
        </span>
      </label>
      {problem ? (
        <FailedLine
          error={problem}
          more={refusalCode(problem) === "refund_key_conflict" ? t("refunds.conflict") : t("refunds.notBooked")}
          testId="refund-problem"
        />
      ) : null}
      <Button type="primary" size="large" block disabled={!ready} onClick={open} data-testid="refund-open">
        {sending ? t("refunds.submitting") : t("refunds.open")}
      </Button>
      {asking && preview.data ? (
        <ConfirmRefund
          draft={asked}
          preview={preview.data}
          options={options}
          onBack={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            onSend(asked);
          }}
        />
      ) : null}
    </form>
  );
}

/** All that can be refunded of this kind, and of the recharge when it is about one; null when that is nothing. */
function mostOf(
  options: RefundOptions,
  kind: RefundDraft["kind"],
  order: RefundOptions["orders"][number] | null,
): string | null {
  if (kind === "units") {
    const most = Math.min(options.unitsMaxWh ?? 0, order?.leftWh ?? Number.MAX_SAFE_INTEGER);
    return most > 0 ? formatUnits(wh(most)) : null;
  }
  const held = (kind === "wallet" ? options.wallet : options.balance) ?? "0";
  const whole = (text: string) => text.replace(/^(\d+\.\d\d)\d+$/, "$1");
  const all = held.startsWith("-") ? "0" : whole(held);
  const e4 = (text: string) => parseMoney(text, 4) ?? 0;
  const most = order !== null && e4(order.left) < e4(all) ? whole(order.left) : all;
  return e4(most) > 0 ? most : null;
}
