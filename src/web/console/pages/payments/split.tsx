import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import type { SplitRequest } from "#contract/payments.ts";
import { keepAmount, wireAmount } from "#web/shared/amount-input.ts";
import { amountWords } from "#web/shared/amount-words.ts";
import { isOutcomeUnknown, refusalCode } from "#web/shared/api.ts";
import { deskKeys, getCustomer, postPayment, postPaymentPreview, postSplit } from "#web/shared/api-desk.ts";
import { isZero, yuan } from "#web/shared/format.ts";
import { keys } from "#web/shared/live-cache.ts";
import { newKey } from "#web/shared/new-key.ts";
import { DayRoomLine } from "../../day-room.tsx";
import { FailedLine, FailedNotice, Loading } from "../../notice.tsx";
import { useSettled } from "../../use-settled.ts";
import { MeterLine } from "../customers/meter-line.tsx";
import type { DraftChannel } from "../recharge/draft.ts";
import { SaleRefused } from "../recharge/sale-refused.tsx";
import { PaymentView } from "./payment-view.tsx";
import { SplitConfirm } from "./split-confirm.tsx";
import {
  isSplitInDoubt,
  newSplitDraft,
  partsOf,
  restOf,
  type SplitDraft,
  saveSplitDraft,
  splitDraftFor,
} from "./split-draft.ts";
import "../recharge/recharge.css";
import "./payments.css";

const QUICK = ["500", "1000", "2000", "5000"] as const;
const PREVIEW_MS = 250;

/** One payment over several meters of a customer (多表充值): how much, for which meters, what each gets; one receipt. */
export function SplitPage() {
  const { customerId = "" } = useParams();
  const id = /^\d{1,15}$/.test(customerId) ? Number(customerId) : 0;
  return <SplitDesk key={id} customerId={id} />;
}

function SplitDesk({ customerId }: { customerId: number }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [draft, setDraft] = useState<SplitDraft>(() => splitDraftFor(customerId));
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [paying, setPaying] = useState(false);
  const busy = useRef(false);
  const customer = useQuery({
    queryKey: deskKeys.customer(draft.customerId),
    queryFn: () => getCustomer(draft.customerId),
  });
  const keep = (next: SplitDraft): void => {
    saveSplitDraft(next); // before anything is sent: the key has to outlive the page
    setDraft(next);
  };
  const parts = partsOf(draft);
  const rest = restOf(draft);
  const isWhole = rest !== null && isZero(rest.rest) && parts.length > 0;
  const asked = useSettled(isWhole ? JSON.stringify(parts) : null, PREVIEW_MS);
  const preview = useQuery({
    queryKey: [...deskKeys.paymentPreview, draft.customerId, asked],
    queryFn: ({ signal }) => postPaymentPreview({ parts: JSON.parse(asked ?? "[]") }, signal),
    enabled: asked !== null,
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const isCurrent = preview.data !== undefined && asked === JSON.stringify(parts) && isWhole;
  const canPay = isCurrent && !preview.isFetching && !preview.error && !paying;

  const pay = async (): Promise<void> => {
    if (busy.current || draft.paymentNo !== null) return;
    busy.current = true;
    setPaying(true);
    setProblem(null);
    const submitted = { ...draft, submittedAt: draft.submittedAt ?? Date.now() };
    keep(submitted);
    try {
      const { key, channel, note } = submitted;
      const payment = await postPayment({ key, parts: partsOf(submitted), channel, note: note.trim() });
      client.setQueryData(deskKeys.payment(payment.paymentNo), payment);
      for (const queryKey of [keys.orders, deskKeys.customer(draft.customerId), deskKeys.shifts])
        void client.invalidateQueries({ queryKey });
      keep({ ...submitted, paymentNo: payment.paymentNo });
    } catch (error) {
      setProblem(error);
      if (!isOutcomeUnknown(error)) {
        const isConflict = refusalCode(error) === "order_key_conflict";
        keep({ ...submitted, submittedAt: null, key: isConflict ? newKey() : submitted.key });
      }
    } finally {
      busy.current = false;
      setPaying(false);
    }
  };

  const split = async (by: SplitRequest["by"]): Promise<void> => {
    const amount = wireAmount(draft.amount);
    const ids = (customer.data?.meters ?? [])
      .filter((each) => each.tile.mode === "prepaid")
      .map((each) => each.tile.meterId);
    if (amount === null || ids.length === 0) return;
    setProblem(null);
    try {
      const proposal = await postSplit({ amount, meterIds: ids, by });
      const amounts = Object.fromEntries(
        proposal.parts.map((part) => [
          String(part.meterId),
          isZero(part.amount) ? "" : part.amount.replace(/\.00$/, ""),
        ]),
      );
      keep({ ...draft, amounts });
    } catch (error) {
      setProblem(error);
    }
  };

  const next = (): void => {
    saveSplitDraft(null);
    navigate("/recharge");
  };

  return (
    <main className="page desk" id="main" tabIndex={-1}>
      <div className="page-head no-print">
        <h1>{t("split.title")}</h1>
        {draft.paymentNo !== null ? (
          <>
            <Button onClick={() => keep(newSplitDraft(draft.customerId))} data-testid="split-again">
              {t("split.again")}
            </Button>
            <Button type="primary" onClick={next} data-testid="next-customer">
              {t("recharge.next")}
            </Button>
          </>
        ) : null}
        <Link className="link-button" to={`/customers/${draft.customerId}`}>
          {t("customers.page")}
        </Link>
      </div>
      {draft.paymentNo !== null ? (
        <PaymentView paymentNo={draft.paymentNo} />
      ) : customer.data === undefined ? (
        customer.error ? (
          <FailedNotice error={customer.error} retry={() => void customer.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : isSplitInDoubt(draft) && (!paying || problem !== null) ? (
        <section className="panel in-doubt" data-testid="in-doubt">
          <h2>{t("recharge.unknownTitle")}</h2>
          <p>{t("split.unknownLead", { customer: customer.data.name, amount: yuan(draft.amount) })}</p>
          {problem ? <FailedLine error={problem} /> : null}
          <Button type="primary" onClick={() => void pay()} data-testid="in-doubt-retry">
            {t("recharge.unknownRetry")}
          </Button>
        </section>
      ) : (
        <form
          className="panel split"
          data-kept=""
          data-testid="split-form"
          onSubmit={(event) => event.preventDefault()}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              if (canPay && !event.repeat) setAsking(true);
            }
          }}
        >
          <p className="customer-who">
            <b>{customer.data.name}</b> {customer.data.phone}
            <span className="muted">
              {t("split.who", {
                number: customer.data.number,
                wallet: yuan(customer.data.wallet),
                debts: yuan(customer.data.debts),
              })}
            </span>
          </p>
          <div className="field">
            <label htmlFor="split-amount">{t("split.amount")}</label>
            <Input
              id="split-amount"
              className="amount-input"
              inputMode="decimal"
              autoComplete="off"
              prefix="¥"
              value={draft.amount}
              onChange={(event) => keep({ ...draft, amount: keepAmount(event.target.value) })}
              data-testid="amount"
            />
            <fieldset className="quick" aria-label={t("recharge.quick")}>
              {QUICK.map((quick) => (
                <button
                  key={quick}
                  type="button"
                  onClick={() => keep({ ...draft, amount: quick })}
                  data-testid={`quick-${quick}`}
                >
                  {quick}
                </button>
              ))}
            </fieldset>
            <p className="amount-words">{wireAmount(draft.amount) === null ? "" : amountWords(draft.amount)}</p>
          </div>
          <div className="row-buttons">
            <Button
              onClick={() => void split("even")}
              disabled={wireAmount(draft.amount) === null}
              data-testid="split-even"
            >
              {t("split.even")}
            </Button>
            <Button
              onClick={() => void split("lack")}
              disabled={wireAmount(draft.amount) === null}
              data-testid="split-lack"
            >
              {t("split.byLack")}
            </Button>
            <span
              className={rest !== null && !isZero(rest.rest) ? "bad" : "muted"}
              role="status"
              data-testid="split-rest"
            >
              {rest === null
                ? t("split.start")
                : isZero(rest.rest)
                  ? t("split.whole")
                  : rest.rest.startsWith("-")
                    ? t("split.tooMuch", { amount: yuan(rest.rest.slice(1)) })
                    : t("split.rest", { amount: yuan(rest.rest) })}
            </span>
          </div>
          <ul className="split-meters">
            {customer.data.meters.map((meter) => {
              const { meterId } = meter.tile;
              const part = isCurrent ? preview.data?.parts.find((each) => each.meterId === meterId) : undefined;
              return (
                <li key={meterId} data-testid={`split-meter-${meter.tile.number}`}>
                  <MeterLine meter={meter} />
                  <Input
                    className="split-input"
                    inputMode="decimal"
                    autoComplete="off"
                    prefix="¥"
                    aria-label={t("split.part", { label: meter.tile.label, number: meter.tile.number })}
                    value={draft.amounts[String(meterId)] ?? ""}
                    disabled={meter.tile.mode !== "prepaid"}
                    onChange={(event) =>
                      keep({
                        ...draft,
                        amounts: { ...draft.amounts, [String(meterId)]: keepAmount(event.target.value) },
                      })
                    }
                    data-testid={`split-amount-${meter.tile.number}`}
                  />
                  <span className="split-gets" data-testid={`split-gets-${meter.tile.number}`}>
                    {part === undefined
                      ? ""
                      : part.creditAt === "server"
                        ? t("split.credited", { amount: yuan(part.unitsCost) })
                        : t("split.sold", {
                            units: part.unitsWh / 1000,
                            unit: t(`unit.sold.${meter.tile.kind}`),
                            rest: yuan(part.walletAfter),
                          })}
                  </span>
                </li>
              );
            })}
          </ul>
          <DayRoomLine room={isCurrent ? (preview.data?.parts[0]?.today ?? null) : null} of="sell" />
          {preview.error && isWhole ? <SaleRefused error={preview.error} /> : null}
          <div className="field-row">
            <div className="field">
              <span>{t("recharge.channel")}</span>
              <Segmented
                value={draft.channel}
                onChange={(channel: DraftChannel) => keep({ ...draft, channel })}
                options={[
                  { value: "cash", label: t("recharge.channels.cash") },
                  { value: "transfer", label: t("recharge.channels.transfer") },
                ]}
                aria-label={t("recharge.channel")}
                data-testid="channel"
              />
            </div>
            <div className="field field-grow">
              <label htmlFor="split-note">{t("recharge.note")}</label>
              <Input
                id="split-note"
                value={draft.note}
                maxLength={200}
                onChange={(event) => keep({ ...draft, note: event.target.value })}
                data-testid="note"
              />
            </div>
          </div>
          {problem ? <SaleRefused error={problem} booking /> : null}
          <Button
            type="primary"
            size="large"
            block
            disabled={!canPay}
            onClick={() => setAsking(true)}
            data-testid="open-confirm"
          >
            {paying ? t("recharge.submitting") : t("recharge.open")}
            <kbd>{t("recharge.openKeys")}</kbd>
          </Button>
        </form>
      )}
      {asking && preview.data ? (
        <SplitConfirm
          preview={preview.data}
          channel={draft.channel}
          kindOf={(meterId) =>
            customer.data?.meters.find((each) => each.tile.meterId === meterId)?.tile.kind ?? "electricity"
          }
          onBack={() => setAsking(false)}
          onPay={() => {
            setAsking(false);
            void pay();
          }}
        />
      ) : null}
    </main>
  );
}
