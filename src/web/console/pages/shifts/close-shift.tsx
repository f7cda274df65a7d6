import { useMutation } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatMoney } from "#base/units.ts";
import type { Shift, ShiftCount, ShiftReport } from "#contract/shifts.ts";
import { denominationsFen, worth } from "#domain/cash-count.ts";
import { keepAmount, wireAmount } from "#web/shared/amount-input.ts";
import { refusalCode } from "#web/shared/api.ts";
import { postCount, postShiftClose } from "#web/shared/api-desk.ts";
import { isZero, yuan } from "#web/shared/format.ts";
import { newKey } from "#web/shared/new-key.ts";
import { FailedLine } from "../../notice.tsx";

type Way = "sum" | "pieces";

/**
 * Closes a shift (交班) in two steps: the cash is counted first, by notes and coins or as one sum, and only then the books are shown. A
 * difference wants its reason. When cash moves in between, it is counted again.
 */
export function CloseShift({ shift, onClosed }: { shift: Shift; onClosed: (closed: ShiftReport) => void }) {
  const { t } = useTranslation();
  const [way, setWay] = useState<Way>("pieces");
  const [sum, setSum] = useState("");
  const [pieces, setPieces] = useState<Readonly<Record<string, string>>>({});
  const [found, setFound] = useState<ShiftCount | null>(null);
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const counted = Object.fromEntries(
    Object.entries(pieces).flatMap(([fen, text]) => (text === "" || text === "0" ? [] : [[fen, Number(text)]])),
  );
  const counting = useMutation({
    mutationFn: () =>
      postCount(shift.shiftId, {
        key: newKey(),
        counted: way === "sum" ? (wireAmount(sum) ?? (sum === "" ? null : "0")) : null,
        denominations: way === "pieces" ? counted : null,
      }),
    onSuccess: setFound,
  });
  const closing = useMutation({
    mutationFn: () => postShiftClose(shift.shiftId, { count: found?.n ?? 0, reason: reason.trim() }),
    onSuccess: onClosed,
    onError: (error) => {
      if (refusalCode(error) === "shift_moved_on") setFound(null);
    },
  });
  const differs = found !== null && !isZero(found.difference);
  const isMissing = tried && differs && reason.trim() === "";
  const close = (): void => {
    setTried(true);
    if ((differs && reason.trim() === "") || closing.isPending) return;
    closing.mutate();
  };
  return (
    <section className="panel close-shift no-print" data-testid="close-shift">
      <h2>{shift.mine ? t("shifts.closeMine") : t("shifts.closeOther", { cashier: shift.cashierName })}</h2>
      {found === null ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (!counting.isPending) counting.mutate();
          }}
        >
          <p className="muted">{t("shifts.countLead")}</p>
          <Segmented
            value={way}
            onChange={(next: Way) => setWay(next)}
            options={[
              { value: "pieces", label: t("shifts.byPieces") },
              { value: "sum", label: t("shifts.bySum") },
            ]}
            aria-label={t("shifts.way")}
            data-testid="count-way"
          />
          {way === "sum" ? (
            <Input
              className="shift-float"
              prefix="¥"
              inputMode="decimal"
              value={sum}
              aria-label={t("shifts.counted")}
              onChange={(event) => setSum(keepAmount(event.target.value))}
              data-testid="count-sum"
            />
          ) : (
            <ul className="pieces">
              {denominationsFen.map((fen) => (
                <li key={fen}>
                  <label>
                    <span>{t("shifts.piece", { value: fen / 100 })}</span>
                    <input
                      inputMode="numeric"
                      value={pieces[String(fen)] ?? ""}
                      onChange={(event) =>
                        setPieces({ ...pieces, [String(fen)]: event.target.value.replace(/\D/g, "").slice(0, 5) })
                      }
                      data-testid={`pieces-${fen}`}
                    />
                  </label>
                </li>
              ))}
              <li className="pieces-sum" data-testid="pieces-sum">
                {t("shifts.piecesSum", { amount: yuan(formatMoney(worth(counted))) })}
              </li>
            </ul>
          )}
          {counting.error ? <FailedLine error={counting.error} testId="count-problem" /> : null}
          {closing.error && refusalCode(closing.error) === "shift_moved_on" ? (
            <FailedLine error={closing.error} testId="count-again" />
          ) : null}
          <Button
            type="primary"
            htmlType="submit"
            disabled={way === "sum" && sum === ""}
            aria-busy={counting.isPending}
            data-testid="count"
          >
            {t("shifts.countDone")}
          </Button>
        </form>
      ) : (
        <>
          <dl className="totals" data-testid="count-result" data-difference={found.difference}>
            <div>
              <dt>{t("shifts.expected")}</dt>
              <dd>{yuan(found.expected)}</dd>
            </div>
            <div>
              <dt>{t("shifts.counted")}</dt>
              <dd>{yuan(found.counted)}</dd>
            </div>
            <div>
              <dt>{t("shifts.difference")}</dt>
              <dd className={differs ? "bad" : "good"}>{yuan(found.difference)}</dd>
            </div>
          </dl>
          <p>{differs ? t("shifts.differs") : t("shifts.agrees")}</p>
          {differs ? (
            <label className="field" htmlFor="shift-reason">
              <span>{t("shifts.reason")}</span>
              <Input
                id="shift-reason"
                value={reason}
                maxLength={200}
                {...(isMissing ? { status: "error" as const, "aria-invalid": true } : {})}
                onChange={(event) => setReason(event.target.value)}
                data-testid="shift-reason"
              />
              <span className="field-problem" role="alert" data-testid="shift-reason-missing">
                {isMissing ? t("shifts.reasonMissing") : ""}
              </span>
            </label>
          ) : null}
          {closing.error ? <FailedLine error={closing.error} testId="close-problem" /> : null}
          <div className="row-buttons">
            <Button onClick={() => setFound(null)} data-testid="recount">
              {t("shifts.recount")}
            </Button>
            <Button type="primary" onClick={close} aria-busy={closing.isPending} data-testid="shift-close">
              {t("shifts.closeNow", { amount: yuan(found.counted) })}
            </Button>
          </div>
        </>
      )}
    </section>
  );
}
