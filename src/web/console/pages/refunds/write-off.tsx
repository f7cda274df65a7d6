import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { parseMoney } from "#base/units.ts";
import { keepAmount } from "#web/shared/amount-input.ts";
import { postRefundPreview, postWriteOff, refundKeys } from "#web/shared/api-refunds.ts";
import { useCan } from "#web/shared/can.tsx";
import { isZero, yuan } from "#web/shared/format.ts";
import { newKey } from "#web/shared/new-key.ts";
import { FailedLine } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { useSettled } from "../../use-settled.ts";
import { RefundPreviewBox } from "./refund-preview.tsx";
import "../recharge/recharge.css";
import "./refunds.css";

/** Whose debt may be given up: of the customer of a meter. */
type Debtor = { meterId: number; customer: string; debts: string };

/** Gives up what a customer owes, or a part of it (核销欠费), with a reason. */
export function WriteOff({ of }: { of: Debtor }) {
  const { t } = useTranslation();
  const allowed = useCan("credit.clear");
  const [asking, setAsking] = useState(false);
  if (!allowed || isZero(of.debts)) return null;
  return (
    <>
      <div className="row-buttons">
        <Button danger onClick={() => setAsking(true)} data-testid="write-off">
          {t("refunds.writeOff.open")}
        </Button>
      </div>
      {asking ? <WriteOffDialog of={of} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

const PREVIEW_MS = 200;

function WriteOffDialog({ of, onClose }: { of: Debtor; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [key, setKey] = useState(newKey); // one amount, one write-off, however often the button is pressed
  const [amount, setAmount] = useState(of.debts);
  const { meterId } = of;
  const settled = useSettled(wire(amount), PREVIEW_MS);
  const preview = useQuery({
    queryKey: [...refundKeys.preview, meterId, "debt", settled],
    queryFn: ({ signal }) =>
      postRefundPreview({ meterId, kind: "debt", quantity: settled ?? "", orderNo: null }, signal),
    enabled: settled !== null,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  return (
    <ReasonDialog
      title={t("refunds.writeOff.title", { customer: of.customer })}
      label={t("refunds.reason")}
      missingText={t("refunds.reasonMissing")}
      confirmText={t("refunds.writeOff.confirm")}
      cancelText={t("refunds.writeOff.cancel")}
      danger
      testId="write-off"
      act={(reason) => postWriteOff({ key, meterId, amount: wire(amount) ?? "0", reason })}
      onDone={(made) => {
        void client.invalidateQueries({ queryKey: refundKeys.all });
        client.setQueryData(refundKeys.one(made.refundNo), made);
        navigate(`/refunds/${encodeURIComponent(made.refundNo)}`);
      }}
      onClose={onClose}
    >
      <p>{t("refunds.writeOff.lead", { customer: of.customer, debts: yuan(of.debts) })}</p>
      <label className="field" htmlFor="write-off-amount">
        <span>{t("refunds.writeOff.amount")}</span>
        <Input
          id="write-off-amount"
          inputMode="decimal"
          value={amount}
          onChange={(event) => {
            setAmount(keepAmount(event.target.value));
            setKey(newKey());
          }}
          data-testid="write-off-amount"
        />
      </label>
      {preview.error ? (
        <FailedLine error={preview.error} testId="write-off-preview-problem" />
      ) : preview.data === undefined ? null : (
        <RefundPreviewBox preview={preview.data} kind="debt" meterKind="electricity" busy={preview.isFetching} />
      )}
    </ReasonDialog>
  );
}

/** A debt may have a part of a fen, and all of it may be given up. */
function wire(text: string): string | null {
  const value = parseMoney(text, 4);
  return value === null || value === 0 ? null : text;
}
