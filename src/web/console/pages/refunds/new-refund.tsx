import { useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { isOutcomeUnknown, refusalCode } from "#web/shared/api.ts";
import { postRefund, refundKeys } from "#web/shared/api-refunds.ts";
import { newKey } from "#web/shared/new-key.ts";
import { persist } from "#web/shared/persist.ts";
import { MeterSearch } from "../../meter-search.tsx";
import { useAddress } from "../../use-address.ts";
import { loadRefundDraft, type RefundDraft, refundDraftFor, saveRefundDraft } from "./refund-draft.ts";
import { RefundForm } from "./refund-form.tsx";
import { RefundInDoubt } from "./refund-in-doubt.tsx";
import "../recharge/recharge.css";
import "./refunds.css";

/** A refund in doubt that is younger than this is cleared up without asking. */
const CLEAR_UP_MS = 120_000;

/** The refund desk (办理退费): find, say what and why, check, watch it on its own page. */
export function NewRefundPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [search, setSearch] = useAddress();
  const text = search.get("meter");
  const meterId = text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
  const orderNo = search.get("order");
  const [draft, setDraft] = useState<RefundDraft | null>(() => refundDraftFor(loadRefundDraft(), { meterId, orderNo }));
  const [problem, setProblem] = useState<unknown>(null);
  const [sending, setSending] = useState(false);
  const busy = useRef(false);
  const current = useRef(draft);

  const keep = useCallback((next: RefundDraft | null): void => {
    saveRefundDraft(next); // before anything is sent: the key has to outlive the page
    current.current = next;
    setDraft(next);
  }, []);

  useEffect(() => {
    keep(refundDraftFor(current.current, { meterId, orderNo }));
    setProblem(null);
  }, [meterId, orderNo, keep]);

  /** Asks for the refund. May be called any number of times: the key makes it one. */
  const send = async (wanted: RefundDraft): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    setSending(true);
    setProblem(null);
    const submitted = { ...wanted, submittedAt: wanted.submittedAt ?? Date.now() };
    keep(submitted);
    try {
      const { label: _label, submittedAt: _submittedAt, ...request } = submitted;
      const made = await persist(() => postRefund({ ...request, reason: request.reason.trim() }));
      saveRefundDraft(null);
      void client.invalidateQueries({ queryKey: refundKeys.all });
      client.setQueryData(refundKeys.one(made.refundNo), made);
      navigate(`/refunds/${encodeURIComponent(made.refundNo)}`, { replace: true });
    } catch (error) {
      setProblem(error);
      if (!isOutcomeUnknown(error)) {
        // Refused: nothing was booked under this key, except when the key itself is what was refused.
        const isConflict = refusalCode(error) === "refund_key_conflict";
        keep({ ...submitted, submittedAt: null, key: isConflict ? newKey() : submitted.key });
        void client.invalidateQueries({ queryKey: refundKeys.all });
      }
    } finally {
      busy.current = false;
      setSending(false);
    }
  };

  // A reload in the middle of it: ask again with the same key.
  const sendAgain = useRef(send);
  sendAgain.current = send;
  useEffect(() => {
    const stored = loadRefundDraft();
    if (stored?.submittedAt && Date.now() - stored.submittedAt < CLEAR_UP_MS) void sendAgain.current(stored);
  }, []);

  const inDoubt = draft !== null && draft.submittedAt !== null && !sending;
  return (
    <main className="page desk" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("refunds.new")}</h1>
        {draft !== null && draft.submittedAt === null ? (
          <Button
            onClick={() => {
              keep(null);
              setSearch({});
            }}
            data-testid="refund-change"
          >
            {t("refunds.change")}
          </Button>
        ) : null}
      </div>
      {draft === null ? (
        <section className="panel desk-find" aria-label={t("refunds.find")}>
          <h2>{t("refunds.find")}</h2>
          <MeterSearch onChoose={(hit) => setSearch({ meter: String(hit.meterId) })} />
        </section>
      ) : inDoubt ? (
        <RefundInDoubt
          draft={draft}
          problem={problem}
          onRetry={() => void send(draft)}
          onDrop={() => keep({ ...draft, submittedAt: null, key: newKey() })}
        />
      ) : (
        <RefundForm
          key={draft.key}
          draft={draft}
          onChange={keep}
          onSend={(wanted) => void send(wanted)}
          sending={sending}
          problem={problem}
        />
      )}
    </main>
  );
}
