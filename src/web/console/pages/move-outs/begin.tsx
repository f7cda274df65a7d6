import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Input, Radio, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import type { Tenant } from "#contract/move-outs.ts";
import { type MoveOutAfterwards, moveOutAfterwards } from "#domain/move-out.ts";
import { type RefundMethod, refundMethods } from "#domain/refund.ts";
import { refusalCode } from "#web/shared/api.ts";
import { getTenant, moveOutKeys, postMoveOut } from "#web/shared/api-move-outs.ts";
import { dateTime, units } from "#web/shared/format.ts";
import { FailedLine, FailedNotice, Loading, Notice } from "../../notice.tsx";
import { draftKey, forgetDraftKey } from "./begin-draft.ts";
import "./move-outs.css";

/** Begins a move-out: which meters, how the money is paid, what becomes of the supply. */
export function BeginMoveOutPage() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const text = search.get("meter") ?? "";
  const meterId = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  const tenant = useQuery({ queryKey: moveOutKeys.tenant(meterId), queryFn: () => getTenant(meterId), retry: false });
  return (
    <main className="page move-out-page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("moveOuts.begin.title")}</h1>
        <Link className="link-button" to="/move-outs">
          {t("moveOuts.back")}
        </Link>
      </div>
      {tenant.data === undefined ? (
        tenant.error ? (
          <FailedNotice error={tenant.error} retry={() => void tenant.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : (
        <Begin key={meterId} tenant={tenant.data} />
      )}
    </main>
  );
}

function Begin({ tenant }: { tenant: Tenant }) {
  const { t } = useTranslation();
  if (tenant.moveOutNo !== null)
    return (
      <Notice
        title={t("moveOuts.begin.goOn", { no: tenant.moveOutNo })}
        action={
          <Link className="link-button link-primary" to={`/move-outs/${tenant.moveOutNo}`} data-testid="move-out-go-on">
            {t("moveOuts.begin.goOnLink")}
          </Link>
        }
        testId="move-out-open"
      />
    );
  if (tenant.customer === null)
    return (
      <Notice
        title={t("moveOuts.begin.vacant")}
        lead={t("moveOuts.begin.vacantLead")}
        action={
          <Link className="link-button link-primary" to={`/move-ins/new?meter=${tenant.meterId}`}>
            {t("moveIn.title")}
          </Link>
        }
        testId="move-out-vacant"
      />
    );
  return <BeginForm tenant={tenant} customer={tenant.customer} />;
}

function BeginForm({ tenant, customer }: { tenant: Tenant; customer: NonNullable<Tenant["customer"]> }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const isHere = (meter: Tenant["meters"][number]): boolean =>
    tenant.roomId === null ? meter.meterId === tenant.meterId : meter.roomId === tenant.roomId;
  const [chosen, setChosen] = useState(() => tenant.meters.filter(isHere).map((meter) => meter.meterId));
  const [method, setMethod] = useState<RefundMethod>("cash");
  const [afterwards, setAfterwards] = useState<MoveOutAfterwards>("trip");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const begin = useMutation({
    mutationFn: () =>
      postMoveOut({
        key: draftKey("move-out", tenant.meterId),
        meterIds: chosen,
        method,
        afterwards,
        reason: reason.trim(),
      }),
    onSuccess: ({ moveOutNo }) => {
      forgetDraftKey("move-out", tenant.meterId);
      void navigate(`/move-outs/${moveOutNo}`, { replace: true });
    },
    onError: (error) => {
      // Nothing was begun with it, or it was begun with something else.
      if (refusalCode(error) !== null) forgetDraftKey("move-out", tenant.meterId);
    },
  });
  const isReasonMissing = tried && reason.trim() === "";
  const isNoneChosen = tried && chosen.length === 0;
  const keeps = tenant.metersElsewhere || chosen.length < tenant.meters.length;
  const submit = (): void => {
    setTried(true);
    if (reason.trim() === "" || chosen.length === 0 || begin.isPending) return;
    begin.mutate();
  };
  const toggle = (meterId: number, on: boolean): void =>
    setChosen((before) => (on ? [...before, meterId] : before.filter((each) => each !== meterId)));
  return (
    <section
      className="panel move-out-begin"
      aria-label={t("moveOuts.begin.title")}
      data-typed=""
      data-testid="move-out-begin"
    >
      <dl className="facts">
        <dt>{t("moveOuts.begin.customer")}</dt>
        <dd>
          <b>{customer.name}</b> {customer.number} {customer.phone}
        </dd>
        <dt>{t("moveOuts.columns.place")}</dt>
        <dd>{tenant.place}</dd>
      </dl>
      <fieldset className="move-out-meters">
        <legend>{t("moveOuts.begin.which")}</legend>
        <div className="row-buttons">
          <Button onClick={() => setChosen(tenant.meters.filter(isHere).map((meter) => meter.meterId))}>
            {t("moveOuts.begin.sameRoom")}
          </Button>
          <Button onClick={() => setChosen(tenant.meters.map((meter) => meter.meterId))}>
            {t("moveOuts.begin.allMeters")}
          </Button>
        </div>
        {tenant.meters.map((meter) => (
          <div key={meter.meterId} className="move-out-meter">
            <Checkbox
              checked={chosen.includes(meter.meterId)}
              onChange={(event) => toggle(meter.meterId, event.target.checked)}
              data-testid={`choose-${meter.meterId}`}
            >
              {meter.label} <small>{`${t(`kind.${meter.meterKind}`)} ${meter.number}`}</small>
            </Checkbox>
            <span className="muted">
              {meter.creditAt === "server"
                ? t("moveOuts.begin.onServer")
                : t("moveOuts.begin.remaining", {
                    units: units(meter.remainingWh),
                    unit: t(`unit.${meter.meterKind}`),
                    time: dateTime(meter.remainingAt),
                  })}
            </span>
            {meter.reachable ? null : <span className="tag tag-bad">{t("moveOuts.begin.offline")}</span>}
            {meter.creditAt === "meter" && !meter.clearsRemotely ? (
              <span className="tag tag-warn">{t("moveOuts.begin.onSite")}</span>
            ) : null}
          </div>
        ))}
        <p className="field-problem" role="alert">
          {isNoneChosen ? t("moveOuts.begin.noneChosen") : ""}
        </p>
      </fieldset>
      {keeps ? <p className="banner banner-warn">{t("moveOuts.begin.wallet")}</p> : null}
      <div className="field">
        <span>{t("moveOuts.begin.method")}</span>
        <Segmented
          value={method}
          onChange={(next: RefundMethod) => setMethod(next)}
          options={refundMethods.map((value) => ({ value, label: t(`moveOuts.begin.methods.${value}`) }))}
          aria-label={t("moveOuts.begin.method")}
          data-testid="move-out-method"
        />
      </div>
      <div className="field">
        <span>{t("moveOuts.begin.afterwards")}</span>
        <Radio.Group
          value={afterwards}
          onChange={(event) => setAfterwards(event.target.value as MoveOutAfterwards)}
          options={moveOutAfterwards.map((value) => ({
            value,
            label: t(`moveOuts.begin.afterwardsOptions.${value}`),
          }))}
          aria-label={t("moveOuts.begin.afterwards")}
        />
        <small className="muted">{t("moveOuts.begin.afterwardsNote")}</small>
      </div>
      <label className="field" htmlFor="move-out-reason">
        <span>{t("moveOuts.begin.reason")}</span>
        <Input
          id="move-out-reason"
          value={reason}
          maxLength={200}
          {...(isReasonMissing ? { status: "error" as const, "aria-invalid": true } : {})}
          onChange={(event) => setReason(event.target.value)}
          data-testid="move-out-reason"
        />
        <span className="field-problem" role="alert">
          {isReasonMissing ? t("moveOuts.begin.reasonMissing") : ""}
        </span>
      </label>
      <p className="muted">{t("moveOuts.begin.lead")}</p>
      {begin.error ? <FailedLine error={begin.error} testId="move-out-problem" /> : null}
      <div className="row-buttons">
        <Button type="primary" onClick={submit} aria-busy={begin.isPending} data-testid="move-out-start">
          {begin.isPending ? t("app.loading") : t("moveOuts.begin.start")}
        </Button>
      </div>
    </section>
  );
}
