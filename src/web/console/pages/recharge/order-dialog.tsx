import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Recharge } from "#contract/money.ts";
import { keys } from "#web/shared/live-cache.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";

type OrderDialogProps = {
  order: Recharge;
  /** Whose texts are used, and the start of the test ids. */
  words: "withdraw" | "recheck";
  /** Does it, with the reason; answers the order as it is then. */
  act: (reason: string) => Promise<Recharge>;
  danger?: boolean;
  onClose: () => void;
  /** Says what will happen, and to what money. */
  children: ReactNode;
};

/** Asks a reason before something is done to an order. The focus is on "leave it": Enter never does it. */
export function OrderDialog({ order, words, act, danger = false, onClose, children }: OrderDialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const doing = useMutation({
    mutationFn: () => act(reason.trim()),
    onSuccess: (changed) => {
      client.setQueryData(keys.order(order.orderNo), changed);
      onClose();
    },
    onSettled: () => {
      for (const queryKey of [keys.order(order.orderNo), keys.orders, keys.meter(order.meterId)])
        void client.invalidateQueries({ queryKey });
    },
  });
  const isMissing = missing && reason.trim() === "";
  const confirm = (): void => {
    if (reason.trim() === "") setMissing(true);
    else if (!doing.isPending) doing.mutate();
  };
  return (
    <Dialog title={t(`${words}.title`, { orderNo: order.orderNo })} onClose={onClose} testId={`${words}-dialog`}>
      <div className="dialog-lead">{children}</div>
      <label className="field" htmlFor={`${words}-reason`}>
        <span>{t(`${words}.reason`)}</span>
        <Input
          id={`${words}-reason`}
          value={reason}
          maxLength={200}
          {...(isMissing ? { status: "error" as const, "aria-invalid": true } : {})}
          placeholder={t(`${words}.reasonPlaceholder`)}
          onChange={(event) => setReason(event.target.value)}
          data-testid={`${words}-reason`}
        />
        <span className="field-problem" role="alert" data-testid={`${words}-missing`}>
          {isMissing ? t(`${words}.reasonMissing`) : ""}
        </span>
      </label>
      {doing.error ? <FailedLine error={doing.error} testId={`${words}-problem`} /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose} data-autofocus="" data-testid={`${words}-cancel`}>
          {t(`${words}.cancel`)}
        </Button>
        <Button
          danger={danger}
          {...(danger ? {} : { type: "primary" as const })}
          onClick={confirm}
          aria-busy={doing.isPending}
          data-testid={`${words}-confirm`}
        >
          {t(`${words}.confirm`)}
        </Button>
      </div>
    </Dialog>
  );
}
