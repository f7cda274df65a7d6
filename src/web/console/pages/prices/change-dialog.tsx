import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ChangeContent, PriceChange } from "#contract/prices.ts";
import { postPriceChange } from "#web/shared/api-prices.ts";
import { newKey } from "#web/shared/new-key.ts";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { firstOfNextMonth, instantOf } from "./clock-text.ts";
import { WhatIfTable } from "./what-if-table.tsx";

type ChangeDialogProps = {
  title: string;
  /** What is changed: the fields above date and reason. */
  children: ReactNode;
  /** What would be asked for as it is typed now. */
  what: ChangeContent;
  kind: "electricity" | "water";
  onDone: (change: PriceChange) => void;
  onClose: () => void;
};

/** Asks for other prices: what, from when, and why; and shows what they would have meant last month. Somebody else approves. */
export function ChangeDialog({ title, children, what, kind, onDone, onClose }: ChangeDialogProps) {
  const { t } = useTranslation();
  const [key] = useState(newKey); // one dialog, one change, however often the button is pressed
  const [day, setDay] = useState<string>(() => firstOfNextMonth(Date.now()));
  const [time, setTime] = useState("00:00");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const from = instantOf(day, time);
  const ask = useMutation({
    mutationFn: (at: number) => postPriceChange({ key, what, from: at, reason: reason.trim() }),
    onSuccess: onDone,
  });
  const missing = tried && reason.trim() === "";
  const send = (): void => {
    setTried(true);
    if (from !== null && reason.trim() !== "" && !ask.isPending) ask.mutate(from);
  };
  return (
    <Dialog title={title} kind="page" onClose={onClose} testId="price-dialog">
      <div className="price-form">
        {children}
        <div className="when-row">
          <label className="field" htmlFor="price-day">
            <span>{t("prices.fromDay")}</span>
            <Input
              id="price-day"
              type="date"
              value={day}
              onChange={(event) => setDay(event.target.value)}
              data-testid="price-day"
            />
          </label>
          <label className="field" htmlFor="price-time">
            <span>{t("prices.fromTime")}</span>
            <Input
              id="price-time"
              value={time}
              onChange={(event) => setTime(event.target.value)}
              data-testid="price-time"
            />
          </label>
        </div>
        <span className="field-problem" role="alert">
          {tried && from === null ? t("prices.badTime") : ""}
        </span>
        <label className="field" htmlFor="price-reason">
          <span>{t("prices.reason")}</span>
          <Input
            id="price-reason"
            value={reason}
            maxLength={200}
            {...(missing ? { status: "error" as const, "aria-invalid": true } : {})}
            onChange={(event) => setReason(event.target.value)}
            data-testid="price-reason"
          />
          <span className="field-problem" role="alert">
            {missing ? t("prices.reasonMissing") : ""}
          </span>
        </label>
        <p className="banner banner-warn">{t("prices.pastStays")}</p>
        {ask.error ? <FailedLine error={ask.error} testId="price-problem" /> : null}
        <div className="dialog-buttons">
          <Button onClick={onClose} data-autofocus="" data-testid="price-cancel">
            {t("prices.cancel")}
          </Button>
          <Button type="primary" onClick={send} aria-busy={ask.isPending} data-testid="price-send">
            {t("prices.send")}
          </Button>
        </div>
        <WhatIfTable what={what} kind={kind} />
      </div>
    </Dialog>
  );
}
