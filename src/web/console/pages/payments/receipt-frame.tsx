import { useQuery } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { amountWords } from "#web/shared/amount-words.ts";
import { deskKeys, getPayment } from "#web/shared/api-desk.ts";
import { yuan } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";
import { type Paper, papers, usePrint } from "./use-print.ts";

type FrameProps = {
  title: string;
  paymentNo: string;
  amount: string;
  lines: readonly (readonly [name: string, value: string])[];
  /** More than the lines, below them. */
  children?: ReactNode;
};

/** A receipt (票据) on its paper, and its buttons. The second and every later print is marked 补打, counted by the server. */
export function ReceiptFrame({ title, paymentNo, amount, lines, children }: FrameProps) {
  const { t } = useTranslation();
  const payment = useQuery({ queryKey: deskKeys.payment(paymentNo), queryFn: () => getPayment(paymentNo) });
  const { paper, choose, print, busy, printed, problem } = usePrint(paymentNo);
  const words = amountWords(amount);
  const prints = payment.data?.prints ?? 0;
  return (
    <section className="panel receipt-panel" aria-label={t("receipt.title")} data-paper={paper}>
      <div className="receipt" data-testid="receipt">
        {payment.data ? <p className="receipt-project">{payment.data.project}</p> : null}
        <h2>{title}</h2>
        {printed !== null && printed > 1 ? (
          <p className="receipt-reprint" data-testid="receipt-reprint">
            {t("receipt.reprint", { count: printed })}
          </p>
        ) : null}
        <div className="receipt-amount">
          <span>{t("receipt.amount")}</span>
          <b>{`¥ ${yuan(amount)}`}</b>
          {words === null ? null : (
            <>
              <span>{t("receipt.words")}</span>
              <b data-testid="receipt-words">{words}</b>
            </>
          )}
        </div>
        <dl>
          {lines.map(([name, value]) => (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </Fragment>
          ))}
        </dl>
        {children}
        <p className="receipt-sign">{t("receipt.sign")}</p>
      </div>
      <div className="row-buttons no-print">
        <Button type="primary" onClick={print} aria-busy={busy} data-testid="print">
          {prints === 0 ? t("recharge.print") : t("receipt.printAgain", { count: prints + 1 })}
        </Button>
        <Segmented
          value={paper}
          onChange={(next: Paper) => choose(next)}
          options={papers.map((each) => ({ value: each, label: t(`receipt.paper.${each}`) }))}
          aria-label={t("receipt.paperLabel")}
          data-testid="paper"
        />
        <span className="muted" data-testid="prints" data-count={prints}>
          {prints === 0 ? t("receipt.neverPrinted") : t("receipt.printed", { count: prints })}
        </span>
      </div>
      {problem ? <FailedLine error={problem} more={t("receipt.notPrinted")} testId="print-problem" /> : null}
    </section>
  );
}
