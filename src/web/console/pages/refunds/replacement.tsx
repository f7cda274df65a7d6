import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { Refund } from "#contract/refunds.ts";
import { postReplacement, refundKeys } from "#web/shared/api-refunds.ts";
import { useCan } from "#web/shared/can.tsx";
import { Dialog } from "../../dialog.tsx";
import { FailedLine } from "../../notice.tsx";
import { forgetFinishedDraft } from "../recharge/draft.ts";
import { isVoid } from "./refund-money.ts";

/** Ties a recharge that was just booked to the refund of the wrong one. Doing it again changes nothing. */
export function LinkReplacement({ refundNo, orderNo }: { refundNo: string; orderNo: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const linking = useMutation({
    mutationFn: () => postReplacement(refundNo, orderNo),
    onSettled: () => void client.invalidateQueries({ queryKey: refundKeys.all }),
  });
  const link = useRef(linking.mutate);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another pair is another link
  useEffect(() => link.current(), [refundNo, orderNo]);
  if (linking.error)
    return <FailedLine error={linking.error} more={t("refunds.replace.failed")} testId="replacement-problem" />;
  return (
    <p
      className="banner banner-good desk-banner no-print"
      role="status"
      data-testid="replacement"
      data-state={linking.status}
    >
      {linking.isSuccess ? (
        <Link to={`/refunds/${encodeURIComponent(refundNo)}`}>{t("refunds.replace.linked", { refundNo })}</Link>
      ) : (
        t("refunds.replace.linking", { refundNo })
      )}
    </p>
  );
}

/** What comes after the refund of a wrong recharge: recharge the right meter, or name the recharge that did. */
export function Replace({ refund }: { refund: Refund }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const mayRecharge = useCan("recharge.create");
  const mayLink = useCan("refund.create");
  const [asking, setAsking] = useState(false);
  const isAbout = refund.orderNo !== null && refund.replacementNo === null && !isVoid(refund);
  if (!isAbout || !mayLink) return null;
  return (
    <section className="panel refund-replace" aria-label={t("refunds.replace.title")} data-testid="replace">
      <p>{t("refunds.replace.lead")}</p>
      <div className="row-buttons">
        {mayRecharge ? (
          <Button
            type="primary"
            onClick={() => {
              forgetFinishedDraft();
              navigate(`/recharge?replaces=${encodeURIComponent(refund.refundNo)}`);
            }}
            data-testid="replace-recharge"
          >
            {t("refunds.replace.open")}
          </Button>
        ) : null}
        <Button onClick={() => setAsking(true)} data-testid="replace-link">
          {t("refunds.replace.link")}
        </Button>
      </div>
      {asking ? <LinkDialog refundNo={refund.refundNo} onClose={() => setAsking(false)} /> : null}
    </section>
  );
}

function LinkDialog({ refundNo, onClose }: { refundNo: string; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [orderNo, setOrderNo] = useState("");
  const [tried, setTried] = useState(false);
  const linking = useMutation({
    mutationFn: () => postReplacement(refundNo, orderNo.trim()),
    onSuccess: onClose,
    onSettled: () => void client.invalidateQueries({ queryKey: refundKeys.all }),
  });
  const missing = tried && orderNo.trim() === "";
  return (
    <Dialog title={t("refunds.replace.linkTitle")} onClose={onClose} testId="link-dialog">
      <label className="field" htmlFor="link-order">
        <span>{t("refunds.replace.linkLabel")}</span>
        <Input
          id="link-order"
          value={orderNo}
          maxLength={32}
          {...(missing ? { status: "error" as const, "aria-invalid": true } : {})}
          onChange={(event) => setOrderNo(event.target.value)}
          data-testid="link-order"
          data-autofocus=""
        />
        <span className="field-problem" role="alert">
          {missing ? t("refunds.replace.linkMissing") : ""}
        </span>
      </label>
      {linking.error ? <FailedLine error={linking.error} testId="link-problem" /> : null}
      <div className="dialog-buttons">
        <Button onClick={onClose}>{t("refunds.replace.cancel")}</Button>
        <Button
          type="primary"
          aria-busy={linking.isPending}
          onClick={() => {
            setTried(true);
            if (orderNo.trim() !== "" && !linking.isPending) linking.mutate();
          }}
          data-testid="link-confirm"
        >
          {t("refunds.replace.linkConfirm")}
        </Button>
      </div>
    </Dialog>
  );
}
