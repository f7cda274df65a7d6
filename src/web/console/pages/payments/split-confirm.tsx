import { Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { parseMoney } from "#base/units.ts";
import type { PaymentPreview } from "#contract/payments.ts";
import { amountWords } from "#web/shared/amount-words.ts";
import { tail, unitsSold, yuan } from "#web/shared/format.ts";
import { Dialog } from "../../dialog.tsx";
import { LARGE_YUAN } from "../recharge/confirm-dialog.tsx";
import type { DraftChannel } from "../recharge/draft.ts";
import type { MeterKind } from "../recharge/meter-kind.ts";

type SplitConfirmProps = {
  preview: PaymentPreview;
  channel: DraftChannel;
  kindOf: (meterId: number) => MeterKind;
  onBack: () => void;
  onPay: () => void;
};

/** Repeats the whole payment and what every meter gets. The focus is on "back": Enter, however often pressed, never pays. */
export function SplitConfirm({ preview, channel, kindOf, onBack, onPay }: SplitConfirmProps) {
  const { t } = useTranslation();
  const [checked, setChecked] = useState(false);
  const [notRepeat, setNotRepeat] = useState(false);
  const isLarge = (parseMoney(preview.amount, 4) ?? 0) > (parseMoney(LARGE_YUAN) ?? 0);
  const repeats = preview.parts.filter((part) => part.repeatOf !== null);
  const ready = (!isLarge || checked) && (repeats.length === 0 || notRepeat);
  return (
    <Dialog title={t("recharge.confirmTitle")} onClose={onBack} testId="confirm">
      <dl className="confirm">
        <dt>{t("receipt.customer")}</dt>
        <dd className="confirm-big">{preview.customer}</dd>
        <dt>{t("recharge.amount")}</dt>
        <dd className="confirm-big confirm-amount" data-testid="confirm-amount">
          {yuan(preview.amount)}
        </dd>
        <dt>{t("recharge.amountWords")}</dt>
        <dd data-testid="confirm-words">{amountWords(preview.amount)}</dd>
        <dt>{t("recharge.channel")}</dt>
        <dd>{t(`recharge.channels.${channel}`)}</dd>
      </dl>
      <ul className="confirm-parts">
        {preview.parts.map((part) => (
          <li key={part.meterId}>
            <span>
              {part.label} <small>{tail(part.number)}</small>
            </span>
            <b>{yuan(part.amount)}</b>
            <span>
              {part.creditAt === "server"
                ? t("split.credited", { amount: yuan(part.unitsCost) })
                : `${unitsSold(part.unitsWh)} ${t(`unit.sold.${kindOf(part.meterId)}`)}`}
            </span>
          </li>
        ))}
      </ul>
      {preview.parts.some((part) => !part.reachable) ? (
        <p className="banner banner-warn">{t("recharge.offline")}</p>
      ) : null}
      {isLarge ? (
        <Checkbox checked={checked} onChange={(event) => setChecked(event.target.checked)} data-testid="confirm-large">
          {t("recharge.large", { limit: yuan(LARGE_YUAN) })}
        </Checkbox>
      ) : null}
      {repeats.length > 0 ? (
        <Checkbox
          checked={notRepeat}
          onChange={(event) => setNotRepeat(event.target.checked)}
          data-testid="confirm-repeat"
        >
          {t("split.repeat", { labels: repeats.map((part) => part.label).join(t("app.and")) })}
        </Checkbox>
      ) : null}
      <div className="dialog-buttons">
        <Button size="large" onClick={onBack} data-autofocus="" data-testid="confirm-back">
          {t("recharge.back")}
        </Button>
        <Button size="large" type="primary" disabled={!ready} onClick={onPay} data-testid="confirm-pay">
          {t("recharge.pay", { amount: yuan(preview.amount) })}
        </Button>
      </div>
    </Dialog>
  );
}
