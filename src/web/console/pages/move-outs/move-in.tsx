import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { dayOf, instant } from "#base/time.ts";
import type { Tenant } from "#contract/move-outs.ts";
import { refusalCode } from "#web/shared/api.ts";
import { getTenant, moveOutKeys, postMoveIn } from "#web/shared/api-move-outs.ts";
import { Can } from "#web/shared/can.tsx";
import { FailedLine, FailedNotice, Loading, Notice } from "../../notice.tsx";
import { draftKey, forgetDraftKey } from "./begin-draft.ts";
import "./move-outs.css";

/** A new tenant begins at vacant meters (入住). */
export function MoveInPage() {
  const { t } = useTranslation();
  const [search] = useSearchParams();
  const text = search.get("meter") ?? "";
  const meterId = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  const [begun, setBegun] = useState<{ name: string; number: string; customerId: number } | null>(null);
  const tenant = useQuery({
    queryKey: moveOutKeys.tenant(meterId),
    queryFn: () => getTenant(meterId),
    retry: false,
    enabled: begun === null,
  });
  return (
    <main className="page move-out-page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("moveIn.title")}</h1>
        <Link className="link-button" to="/move-outs">
          {t("moveOuts.back")}
        </Link>
      </div>
      {begun !== null ? (
        <Notice
          title={t("moveIn.done", begun)}
          action={
            <div className="row-buttons">
              <Can do="recharge.create">
                <Link className="link-button link-primary" to={`/recharge?meter=${meterId}`}>
                  {t("moveIn.toRecharge")}
                </Link>
              </Can>
              <Link className="link-button" to={`/customers/${begun.customerId}`} data-testid="move-in-customer">
                {t("moveIn.toCustomer")}
              </Link>
            </div>
          }
          testId="moved-in"
        />
      ) : tenant.data === undefined ? (
        tenant.error ? (
          <FailedNotice error={tenant.error} retry={() => void tenant.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : tenant.data.customer !== null ? (
        <Notice title={t("moveIn.occupied")} lead={t("moveIn.occupiedLead")} testId="move-in-occupied" />
      ) : (
        <MoveInForm tenant={tenant.data} onBegun={setBegun} />
      )}
    </main>
  );
}

type FormProps = {
  tenant: Tenant;
  onBegun: (begun: { name: string; number: string; customerId: number }) => void;
};

function MoveInForm({ tenant, onBegun }: FormProps) {
  const { t } = useTranslation();
  const today = dayOf(instant(Date.now()));
  const [chosen, setChosen] = useState(() => tenant.meters.map((meter) => meter.meterId));
  const [name, setName] = useState("");
  const [phone, setPhone] = useState("");
  const [number, setNumber] = useState("");
  const [from, setFrom] = useState<string>(today);
  const [tried, setTried] = useState(false);
  const moving = useMutation({
    mutationFn: () => {
      const who = { name: name.trim(), phone: phone.trim(), number: number.trim() };
      return postMoveIn({ key: draftKey("move-in", tenant.meterId), meterIds: chosen, from, ...who });
    },
    onSuccess: (made) => {
      forgetDraftKey("move-in", tenant.meterId);
      onBegun({ ...made, name: name.trim() });
    },
    onError: (error) => {
      if (refusalCode(error) !== null) forgetDraftKey("move-in", tenant.meterId);
    },
  });
  const isMissing = tried && name.trim() === "";
  const submit = (): void => {
    setTried(true);
    if (name.trim() === "" || chosen.length === 0 || moving.isPending) return;
    moving.mutate();
  };
  const input = (id: string, label: string, value: string, set: (next: string) => void) => (
    <label className="field" htmlFor={`move-in-${id}`}>
      <span>{label}</span>
      <Input
        id={`move-in-${id}`}
        value={value}
        maxLength={id === "name" ? 64 : 20}
        inputMode={id === "phone" ? "tel" : "text"}
        {...(id === "name" && isMissing ? { status: "error" as const, "aria-invalid": true } : {})}
        onChange={(event) => set(event.target.value)}
        data-testid={`move-in-${id}`}
      />
    </label>
  );
  return (
    <section className="panel move-out-begin" aria-label={t("moveIn.title")} data-typed="" data-testid="move-in">
      <p>{t("moveIn.lead")}</p>
      <dl className="facts">
        <dt>{t("moveOuts.columns.place")}</dt>
        <dd>
          <b>{tenant.place}</b>
        </dd>
      </dl>
      <fieldset className="move-out-meters">
        <legend>{t("moveIn.which")}</legend>
        {tenant.meters.map((meter) => (
          <div key={meter.meterId} className="move-out-meter">
            <Checkbox
              checked={chosen.includes(meter.meterId)}
              onChange={(event) =>
                setChosen((before) =>
                  event.target.checked ? [...before, meter.meterId] : before.filter((each) => each !== meter.meterId),
                )
              }
            >
              {meter.label} <small>{`${t(`kind.${meter.meterKind}`)} ${meter.number}`}</small>
            </Checkbox>
          </div>
        ))}
      </fieldset>
      {input("name", t("moveIn.name"), name, setName)}
      <p className="field-problem" role="alert">
        {isMissing ? t("moveIn.nameMissing") : ""}
      </p>
      {input("phone", t("moveIn.phone"), phone, setPhone)}
      {input("number", t("moveIn.number"), number, setNumber)}
      <small className="muted">{t("moveIn.numberHint")}</small>
      <label className="field" htmlFor="move-in-from">
        <span>{t("moveIn.from")}</span>
        <input
          id="move-in-from"
          type="date"
          value={from}
          max={today}
          onChange={(event) => event.target.value !== "" && setFrom(event.target.value)}
        />
      </label>
      {moving.error ? <FailedLine error={moving.error} testId="move-in-problem" /> : null}
      <div className="row-buttons">
        <Button type="primary" onClick={submit} aria-busy={moving.isPending} data-testid="move-in-submit">
          {moving.isPending ? t("app.loading") : t("moveIn.submit")}
        </Button>
      </div>
    </section>
  );
}
