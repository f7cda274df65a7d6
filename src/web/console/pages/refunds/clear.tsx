import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { MeterDetail } from "#contract/metering.ts";
import { postClear, postRefundPreview, refundKeys } from "#web/shared/api-refunds.ts";
import { useCan } from "#web/shared/can.tsx";
import { tail } from "#web/shared/format.ts";
import { newKey } from "#web/shared/new-key.ts";
import { FailedLine } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { RefundPreviewBox } from "./refund-preview.tsx";
import "../recharge/recharge.css";
import "./refunds.css";

/** Wipes what is left in a meter without paying it back (清零): what it is worth is shown before, a reason is asked. */
export function Clear({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const allowed = useCan("credit.clear");
  const [asking, setAsking] = useState(false);
  if (!allowed || meter.tile.creditAt !== "meter" || meter.customer === null) return null;
  return (
    <>
      <Button danger onClick={() => setAsking(true)} data-testid="action-clear">
        {t("refunds.clear")}
      </Button>
      {asking ? <ClearDialog meter={meter} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

function ClearDialog({ meter, onClose }: { meter: MeterDetail; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [key] = useState(newKey); // one dialog, one clear, however often the button is pressed
  const { meterId, label, number, kind } = meter.tile;
  const preview = useQuery({
    queryKey: [...refundKeys.preview, meterId, "clear"],
    queryFn: ({ signal }) => postRefundPreview({ meterId, kind: "clear", quantity: "", orderNo: null }, signal),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  return (
    <ReasonDialog
      title={t("refunds.clearDialog.title", { label })}
      label={t("refunds.reason")}
      missingText={t("refunds.reasonMissing")}
      confirmText={t("refunds.clearDialog.confirm")}
      cancelText={t("refunds.clearDialog.cancel")}
      danger
      testId="clear"
      act={(reason) => postClear({ key, meterId, reason })}
      onDone={(made) => {
        void client.invalidateQueries({ queryKey: refundKeys.all });
        client.setQueryData(refundKeys.one(made.refundNo), made);
        navigate(`/refunds/${encodeURIComponent(made.refundNo)}`);
      }}
      onClose={onClose}
    >
      <p>{t("refunds.clearDialog.lead", { label, customer: meter.customer?.name ?? "", tail: tail(number) })}</p>
      {preview.error ? (
        <FailedLine error={preview.error} testId="clear-preview-problem" />
      ) : preview.data === undefined ? (
        <p className="muted">{t("refunds.clearDialog.loading")}</p>
      ) : (
        <RefundPreviewBox preview={preview.data} kind="clear" meterKind={kind} busy={preview.isFetching} />
      )}
    </ReasonDialog>
  );
}
