import { useMutation } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { FinishRequest, MoveOut } from "#contract/move-outs.ts";
import { postFinish } from "#web/shared/api-move-outs.ts";
import { isZero, yuan } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";

type StepProps = { moveOut: MoveOut; mayAct: boolean; onChanged: (next: MoveOut) => void };
type Collect = NonNullable<FinishRequest["collect"]> | "none";
const COLLECTS: readonly Collect[] = ["none", "cash", "transfer"];

/** The money is handed out, or what is owed is taken, and the room is vacant: one click, once. */
export function PayingStep({ moveOut, mayAct, onChanged }: StepProps) {
  const { t } = useTranslation();
  const [note, setNote] = useState("");
  const [collect, setCollect] = useState<Collect>("none");
  const { sheet, approval } = moveOut;
  const finish = useMutation({
    mutationFn: () =>
      postFinish(moveOut.moveOutNo, {
        rev: moveOut.rev,
        note: note.trim(),
        collect: collect === "none" ? null : collect,
      }),
    onSuccess: onChanged,
  });
  if (sheet === null) return null;
  const pays = !isZero(sheet.payable);
  const owes = !isZero(sheet.owed);
  const isAsked = approval?.state === "requested";
  const isAnew = moveOut.earlier.length > 1 && !isAsked;
  return (
    <section className="panel no-print" aria-label={t("moveOuts.paying.title")} data-testid="step-paying">
      <h2>{t("moveOuts.paying.title")}</h2>
      {isAnew ? <p className="banner banner-warn">{t("moveOuts.paying.recalculated")}</p> : null}
      <p className="move-out-amount">
        {pays
          ? t("moveOuts.paying.payLead", {
              method: t(`moveOuts.begin.methods.${moveOut.method}`),
              amount: yuan(sheet.payable),
            })
          : owes
            ? t("moveOuts.paying.owedLead", { amount: yuan(sheet.owed) })
            : t("moveOuts.paying.nothingLead")}
      </p>
      {isAsked ? (
        <>
          <p className="banner banner-warn" role="status" data-testid="move-out-asked">
            {t("moveOuts.paying.asked")}{" "}
            {t("moveOuts.confirm.askedBy", { by: approval.requestedBy, amount: yuan(approval.amount) })}
          </p>
          <Link className="link-button" to="/approvals">
            {t("moveOuts.confirm.openApprovals")}
          </Link>
        </>
      ) : null}
      {mayAct && !isAsked ? (
        <>
          {owes ? (
            <div className="field">
              <span>{t("moveOuts.paying.collect")}</span>
              <Segmented
                value={collect}
                onChange={(next: Collect) => setCollect(next)}
                options={COLLECTS.map((value) => ({ value, label: t(`moveOuts.paying.collects.${value}`) }))}
                aria-label={t("moveOuts.paying.collect")}
                data-testid="move-out-collect"
              />
            </div>
          ) : null}
          <label className="field" htmlFor="move-out-note">
            <span>{t("moveOuts.paying.note")}</span>
            <Input
              id="move-out-note"
              value={note}
              maxLength={200}
              onChange={(event) => setNote(event.target.value)}
              data-testid="move-out-note"
            />
          </label>
          {finish.error ? <FailedLine error={finish.error} testId="finish-problem" /> : null}
          <div className="row-buttons">
            <Button
              type="primary"
              onClick={() => finish.isPending || finish.mutate()}
              aria-busy={finish.isPending}
              data-testid="move-out-finish"
            >
              {finish.isPending ? t("app.loading") : t(pays ? "moveOuts.paying.pay" : "moveOuts.paying.end")}
            </Button>
          </div>
        </>
      ) : null}
    </section>
  );
}
