import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { wireAmount } from "#web/shared/amount-input.ts";
import { isOutcomeUnknown, postRecharge, refusalCode } from "#web/shared/api.ts";
import { deskKeys } from "#web/shared/api-desk.ts";
import { keys } from "#web/shared/live-cache.ts";
import { newKey } from "#web/shared/new-key.ts";
import { persist } from "#web/shared/persist.ts";
import { MeterSearch } from "../../meter-search.tsx";
import { useAddress } from "../../use-address.ts";
import { LinkReplacement } from "../refunds/replacement.tsx";
import { ShiftBar } from "../shifts/shift-bar.tsx";
import { type Draft, draftForAddress, isInDoubt, loadDraft, saveDraft } from "./draft.ts";
import { InDoubt } from "./in-doubt.tsx";
import { OrderView } from "./order-view.tsx";
import { RechargeForm } from "./recharge-form.tsx";
import "./recharge.css";

/** A payment in doubt that is younger than this is cleared up without asking. */
const CLEAR_UP_MS = 120_000;

/** The recharge desk (充值台): find, pay, watch it arrive, next. */
export function RechargePage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [search, setSearch] = useAddress();
  const address = search.get("meter");
  const meterId = address !== null && /^\d+$/.test(address) ? Number(address) : null;
  const replaces = search.get("replaces");
  const [draft, setDraft] = useState<Draft | null>(() => draftForAddress(loadDraft(), { meterId, replaces }));
  const [problem, setProblem] = useState<unknown>(null);
  const [paying, setPaying] = useState(false);
  const busy = useRef(false);

  const current = useRef(draft);
  const keep = useCallback((next: Draft | null): void => {
    saveDraft(next); // before anything is sent: the key has to outlive the page
    current.current = next;
    setDraft(next);
  }, []);

  // The address was changed by a link, or by "back", while the desk was open.
  useEffect(() => {
    keep(draftForAddress(current.current, { meterId, replaces }));
    setProblem(null);
  }, [meterId, replaces, keep]);

  const choose = (chosen: number): void => {
    keep(draftForAddress(null, { meterId: chosen, replaces }));
    setProblem(null);
    setSearch({ meter: String(chosen), ...(replaces === null ? {} : { replaces }) });
  };

  const next = (): void => {
    if (busy.current || (draft !== null && isInDoubt(draft))) return;
    keep(null);
    setProblem(null);
    setSearch({});
  };

  /** Books the payment. May be called any number of times: the key makes it one. */
  const pay = async (wanted: Draft): Promise<void> => {
    const amount = wireAmount(wanted.amount);
    if (busy.current || amount === null || wanted.orderNo !== null) return;
    busy.current = true;
    setPaying(true);
    setProblem(null);
    const submitted: Draft = { ...wanted, submittedAt: wanted.submittedAt ?? Date.now() };
    keep(submitted);
    try {
      const { key, meterId: meter, channel, note } = submitted;
      const order = await persist(() => postRecharge({ key, meterId: meter, amount, channel, note: note.trim() }));
      client.setQueryData(keys.order(order.orderNo), order);
      for (const queryKey of [keys.orders, deskKeys.shifts]) void client.invalidateQueries({ queryKey });
      keep({ ...submitted, orderNo: order.orderNo });
    } catch (error) {
      setProblem(error);
      if (!isOutcomeUnknown(error)) {
        // Refused: nothing was booked under this key, except when the key itself is what was refused.
        const isConflict = refusalCode(error) === "order_key_conflict";
        keep({ ...submitted, submittedAt: null, key: isConflict ? newKey() : submitted.key });
        void client.invalidateQueries({ queryKey: keys.orders });
      }
    } finally {
      busy.current = false;
      setPaying(false);
    }
  };

  // A reload in the middle of a payment: ask again with the same key.
  const payAgain = useRef(pay);
  payAgain.current = pay;
  useEffect(() => {
    const stored = loadDraft();
    if (stored?.submittedAt && isInDoubt(stored) && Date.now() - stored.submittedAt < CLEAR_UP_MS) {
      void payAgain.current(stored);
    }
  }, []);

  const nextByKey = useRef(next);
  nextByKey.current = next;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "F2" || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      nextByKey.current();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  return (
    <main className="page desk" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("recharge.title")}</h1>
        {draft !== null && !isInDoubt(draft) ? (
          <Button onClick={next} data-testid="next-customer">
            {draft.orderNo === null ? t("recharge.change") : t("recharge.next")}
            <kbd>{t("recharge.nextKeys")}</kbd>
          </Button>
        ) : null}
      </div>
      <ShiftBar />
      {replaces !== null && draft?.orderNo == null ? (
        <p className="banner banner-warn desk-banner" data-testid="replaces">
          {t("refunds.replace.desk", { refundNo: replaces })}
        </p>
      ) : null}
      {draft === null ? (
        <section className="panel desk-find" aria-label={t("recharge.find")}>
          <h2>{t("recharge.find")}</h2>
          <FocusFirst>
            <MeterSearch onChoose={(hit) => choose(hit.meterId)} />
          </FocusFirst>
        </section>
      ) : draft.orderNo !== null ? (
        <>
          {draft.replaces === null ? null : <LinkReplacement refundNo={draft.replaces} orderNo={draft.orderNo} />}
          <OrderView orderNo={draft.orderNo} />
        </>
      ) : isInDoubt(draft) && (!paying || problem !== null) ? (
        <InDoubt
          draft={draft}
          problem={problem}
          onRetry={() => void pay(draft)}
          onDrop={() => keep({ ...draft, submittedAt: null, key: newKey() })}
        />
      ) : (
        <RechargeForm
          key={draft.key}
          draft={draft}
          onChange={keep}
          onPay={(wanted) => void pay(wanted)}
          paying={paying}
          problem={problem}
        />
      )}
    </main>
  );
}

function FocusFirst({ children }: { children: React.ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector("input")?.focus(), []);
  return <div ref={box}>{children}</div>;
}
