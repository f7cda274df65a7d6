import { useQuery } from "@tanstack/react-query";
import { Button, Segmented } from "antd";
import { Fragment, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { amountWords } from "#web/shared/amount-words.ts";
import { deskKeys, getPayment, postPrint } from "#web/shared/api-desk.ts";
import { yuan } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";
import { type Paper, type PrintCounter, papers, usePrint } from "./use-print.ts";

type SlipProps = {
  title: string;
  amount: string;
  lines: readonly (readonly [name: string, value: string])[];
  /** More than the lines, below them. */
  children?: ReactNode;
};

/** The receipt (票据) of a payment, whose prints are counted by its number. */
export function ReceiptFrame({ paymentNo, ...slip }: SlipProps & { paymentNo: string }) {
  const { t } = useTranslation();
  const queryKey = deskKeys.payment(paymentNo);
  const payment = useQuery({ queryKey, queryFn: () => getPayment(paymentNo) });
  return (
    <SlipFrame
      {...slip}
      project={payment.data?.project ?? null}
      prints={payment.data?.prints ?? 0}
      counter={{ queryKey, count: (key) => postPrint(paymentNo, key) }}
      words={{ amount: t("receipt.amount"), print: t("recharge.print"), sign: t("receipt.sign") }}
    />
  );
}

type FrameProps = SlipProps & {
  project: string | null;
  /** How often it was printed. */
  prints: number;
  counter: PrintCounter;
  words: { amount: string; print: string; sign: string };
};

/** A slip on its paper, and its buttons. The second and every later print is marked 补打, counted by the server. */
export function SlipFrame({ title, amount, lines, children, project, prints, counter, words: says }: FrameProps) {
  const { t } = useTranslation();
  const { paper, choose, print, busy, printed, problem } = usePrint(counter);
  const words = amountWords(amount);
  return (
    <section className="panel receipt-panel" aria-label={title} data-paper={paper}>
      <div className="receipt" data-testid="receipt">
        {project === null ? null : <p className="receipt-project">{project}</p>}
        <h2>{title}</h2>
        {printed !== null && printed > 1 ? (
          <p className="receipt-reprint" data-testid="receipt-reprint">
            {t("receipt.reprint", { count: printed })}
          </p>
        ) : null}
        <div className="receipt-amount">
          <span>{says.amount}</span>
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
        <p className="receipt-sign">{says.sign}</p>
      </div>
      <div className="row-buttons no-print">
        <Button type="primary" onClick={print} aria-busy={busy} data-testid="print">
          {prints === 0 ? says.print : t("receipt.printAgain", { count: prints + 1 })}
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
