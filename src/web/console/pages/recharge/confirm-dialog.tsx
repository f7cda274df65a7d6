import { Button, Checkbox } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { parseMoney } from "#base/units.ts";
import type { Preview } from "#contract/money.ts";
import { amountWords } from "#web/shared/amount-words.ts";
import { clockTime, tail, unitsSold, yuan } from "#web/shared/format.ts";
import { Dialog } from "../../dialog.tsx";
import type { Draft } from "./draft.ts";
import type { MeterKind } from "./meter-kind.ts";

/** Above this many yuan the cashier is asked twice. */
export const LARGE_YUAN = "2000";

type ConfirmProps = { preview: Preview; draft: Draft; kind: MeterKind; onBack: () => void; onPay: () => void };

/** Repeats what is about to be booked. The focus is on "back": Enter, however often pressed, never pays. */
export function ConfirmDialog({ preview, draft, kind, onBack, onPay }: ConfirmProps) {
  const { t } = useTranslation();
  const [checked, setChecked] = useState(false);
  const [notRepeat, setNotRepeat] = useState(false);
  const isLarge = (parseMoney(preview.amount, 4) ?? 0) > (parseMoney(LARGE_YUAN) ?? 0);
  const ready = (!isLarge || checked) && (preview.repeatOf === null || notRepeat);
  const unit = t(`unit.sold.${kind}`);
  const words = amountWords(preview.amount);
  return (
    <Dialog title={t("recharge.confirmTitle")} onClose={onBack} testId="confirm">
      <dl className="confirm">
        <dt>{t("recharge.room")}</dt>
        <dd className="confirm-big">
          {preview.label} <small>{preview.customer}</small>
        </dd>
        <dt>{t("recharge.meterTail")}</dt>
        <dd className="confirm-big">{tail(preview.number)}</dd>
        <dt>{t("recharge.amount")}</dt>
        <dd className="confirm-big confirm-amount" data-testid="confirm-amount">
          {yuan(preview.amount)}
        </dd>
        {words === null ? null : (
          <>
            <dt>{t("recharge.amountWords")}</dt>
            <dd data-testid="confirm-words">{words}</dd>
          </>
        )}
        <dt>{preview.creditAt === "server" ? t("recharge.balanceGets") : t("recharge.gets")}</dt>
        <dd className="confirm-big" data-testid="confirm-units">
          {preview.creditAt === "server"
            ? `${yuan(preview.unitsCost)} ${t("unit.yuan")}`
            : `${unitsSold(preview.unitsWh)} ${unit}`}
        </dd>
        <dt>{t("recharge.channel")}</dt>
        <dd>{t(`recharge.channels.${draft.channel}`)}</dd>
      </dl>
      {preview.reachable ? null : <p className="banner banner-warn">{t("recharge.offline")}</p>}
      {isLarge ? (
        <Checkbox checked={checked} onChange={(event) => setChecked(event.target.checked)} data-testid="confirm-large">
          {t("recharge.large", { limit: yuan(LARGE_YUAN) })}
        </Checkbox>
      ) : null}
      {preview.repeatOf ? (
        <>
          <p className="banner banner-warn">
            {t("recharge.repeat", { time: clockTime(preview.repeatOf.at), orderNo: preview.repeatOf.orderNo })}
          </p>
          <Checkbox
            checked={notRepeat}
            onChange={(event) => setNotRepeat(event.target.checked)}
            data-testid="confirm-repeat"
          >
            {t("recharge.repeatTick")}
          </Checkbox>
        </>
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
