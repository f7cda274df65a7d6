import { useQuery } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { isSameAmount, keepAmount, wireAmount } from "#web/shared/amount-input.ts";
import { amountWords } from "#web/shared/amount-words.ts";
import { getMeter, postPreview } from "#web/shared/api.ts";
import { keys } from "#web/shared/live-cache.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useSettled } from "../../use-settled.ts";
import { ConfirmDialog } from "./confirm-dialog.tsx";
import { CustomerCard } from "./customer-card.tsx";
import type { Draft, DraftChannel } from "./draft.ts";
import { PreviewBox } from "./preview-box.tsx";
import { SaleRefused } from "./sale-refused.tsx";

const QUICK = ["50", "100", "200", "500"] as const;
const PREVIEW_MS = 80;

type FormProps = {
  draft: Draft;
  onChange: (draft: Draft) => void;
  onPay: (draft: Draft) => void;
  paying: boolean;
  problem: unknown;
};

/** Amount, channel and note for one customer, with what the money would buy, calculated by the server. */
export function RechargeForm({ draft, onChange, onPay, paying, problem }: FormProps) {
  const { t } = useTranslation();
  const amountField = useRef<HTMLDivElement>(null);
  const [asking, setAsking] = useState(false);
  const meter = useQuery({ queryKey: keys.meter(draft.meterId), queryFn: () => getMeter(draft.meterId) });
  const amount = wireAmount(draft.amount);
  const asked = useSettled(amount, PREVIEW_MS);
  const preview = useQuery({
    queryKey: [...keys.preview, draft.meterId, asked],
    queryFn: ({ signal }) => postPreview({ meterId: draft.meterId, amount: asked ?? "" }, signal),
    enabled: asked !== null,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const isCurrent = preview.data !== undefined && amount !== null && isSameAmount(preview.data.amount, amount);
  const canPay = isCurrent && !preview.isFetching && !preview.error && !paying;

  const focusAmount = (): void => amountField.current?.querySelector("input")?.focus();
  const isLoaded = meter.data !== undefined;
  useEffect(() => {
    if (isLoaded) amountField.current?.querySelector("input")?.select();
  }, [isLoaded]);

  const openConfirm = (): void => {
    if (canPay) setAsking(true);
    else focusAmount();
  };

  if (meter.data === undefined) {
    return meter.error ? <FailedNotice error={meter.error} retry={() => void meter.refetch()} /> : <Loading rows={6} />;
  }
  const { tile, customer, group } = meter.data;
  const obstacle =
    tile.mode !== "prepaid"
      ? t("recharge.notPrepaid")
      : customer === null
        ? t("recharge.noCustomer")
        : tile.reasons.includes("top_ups_stopped")
          ? t("recharge.stopped")
          : group !== null && group.state !== "merged"
            ? t("groups.isUnderWay")
            : group !== null && !group.isMain
              ? t("groups.isSub", { main: group.mainLabel })
              : null;
  return (
    <div className="desk-columns">
      <CustomerCard meter={meter.data} />
      {obstacle !== null ? (
        <div className="panel">
          <div className="banner banner-error" role="alert" data-testid="recharge-obstacle">
            {obstacle}
          </div>
          {group !== null && !group.isMain ? (
            <Link
              className="link-button link-primary"
              to={`/recharge?meter=${group.mainMeterId}`}
              data-testid="to-main"
            >
              {t("groups.toMain")}
            </Link>
          ) : null}
        </div>
      ) : (
        <form
          className="panel desk-form"
          data-kept=""
          data-testid="recharge-form"
          onSubmit={(event) => event.preventDefault()}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              if (!event.repeat) openConfirm();
            }
          }}
        >
          {group === null ? null : (
            <p className="banner banner-warn" data-testid="charges-group">
              {t("groups.chargesGroup", { main: group.mainLabel })}
            </p>
          )}
          <div className="field" ref={amountField}>
            <label htmlFor="amount">{t("recharge.amount")}</label>
            <Input
              id="amount"
              className="amount-input"
              inputMode="decimal"
              autoComplete="off"
              prefix="¥"
              value={draft.amount}
              onChange={(event) => onChange({ ...draft, label: tile.label, amount: keepAmount(event.target.value) })}
              data-testid="amount"
            />
            <fieldset className="quick" aria-label={t("recharge.quick")}>
              {QUICK.map((quick) => (
                <button
                  key={quick}
                  type="button"
                  aria-pressed={amount !== null && isSameAmount(amount, quick)}
                  onClick={() => {
                    onChange({ ...draft, label: tile.label, amount: quick });
                    focusAmount();
                  }}
                  data-testid={`quick-${quick}`}
                >
                  {quick}
                </button>
              ))}
            </fieldset>
            <p className="amount-words">{amount === null ? "" : amountWords(amount)}</p>
          </div>
          {preview.error && amount === asked ? (
            <SaleRefused error={preview.error} />
          ) : (
            <PreviewBox
              preview={isCurrent ? preview.data : undefined}
              kind={tile.kind}
              balance={meter.data.balanceYuan}
              busy={amount !== null && (amount !== asked || preview.isFetching)}
            />
          )}
          <div className="field-row">
            <div className="field">
              <span>{t("recharge.channel")}</span>
              <Segmented
                value={draft.channel}
                onChange={(channel: DraftChannel) => onChange({ ...draft, channel })}
                options={[
                  { value: "cash", label: t("recharge.channels.cash") },
                  { value: "transfer", label: t("recharge.channels.transfer") },
                ]}
                aria-label={t("recharge.channel")}
                data-testid="channel"
              />
            </div>
            <div className="field field-grow">
              <label htmlFor="note">{t("recharge.note")}</label>
              <Input
                id="note"
                value={draft.note}
                maxLength={200}
                onChange={(event) => onChange({ ...draft, note: event.target.value })}
                data-testid="note"
              />
            </div>
          </div>
          {problem ? <SaleRefused error={problem} booking /> : null}
          <Button type="primary" size="large" block disabled={!canPay} onClick={openConfirm} data-testid="open-confirm">
            {paying ? t("recharge.submitting") : t("recharge.open")}
            <kbd>{t("recharge.openKeys")}</kbd>
          </Button>
        </form>
      )}
      {asking && preview.data ? (
        <ConfirmDialog
          preview={preview.data}
          draft={draft}
          kind={tile.kind}
          onBack={() => {
            setAsking(false);
            focusAmount();
          }}
          onPay={() => {
            setAsking(false);
            onPay(draft);
          }}
        />
      ) : null}
    </div>
  );
}
