import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { MeterDetail } from "#contract/metering.ts";
import type { Supply } from "#contract/supply.ts";
import { getMeterPrices, priceKeys } from "#web/shared/api-prices.ts";
import { getSupply, postEmergency, postGuard, postOverdraft, supplyKeys } from "#web/shared/api-supply.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, yuan } from "#web/shared/format.ts";
import { keys } from "#web/shared/live-cache.ts";
import { newKey } from "#web/shared/new-key.ts";
import { FailedLine, NotYet } from "../../notice.tsx";
import { ReasonDialog } from "../../reason-dialog.tsx";
import { TermsView } from "../prices/terms-view.tsx";
import "../prices/prices.css";

type Doing = "setGuard" | "liftGuard" | "setOverdraft" | "grant";

/** What keeps a meter's supply on: guard, no-cut hours, overdraft and emergency credit. */
export function SupplyPart({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const { meterId } = meter.tile;
  const [doing, setDoing] = useState<Doing | null>(null);
  const supply = useQuery({ queryKey: supplyKeys.meter(meterId), queryFn: () => getSupply(meterId) });
  const facts = supply.data;
  return (
    <section className="drawer-part" aria-label={t("supply.section")} data-testid="supply">
      <h3>{t("supply.section")}</h3>
      {facts === undefined ? (
        <NotYet of={supply} rows={3} />
      ) : (
        <>
          <dl className="facts">
            <dt>{t("supply.guard")}</dt>
            <dd data-testid="supply-guard" data-on={facts.guard}>
              <b>{t(facts.guard ? "supply.guardOn" : "supply.guardOff")}</b>
            </dd>
            <dt>{t("supply.window")}</dt>
            <dd>
              {facts.noCutUntil === null
                ? t("supply.noCutNone")
                : t("supply.noCutUntil", { time: dateTime(facts.noCutUntil) })}
            </dd>
            {facts.overdraft === null ? null : (
              <>
                <dt>{t("supply.overdraft")}</dt>
                <dd>
                  <b>{yuan(facts.overdraft)}</b> {t("unit.yuan")}
                </dd>
                <dt>{t("supply.emergency")}</dt>
                <dd data-testid="supply-emergency">
                  {facts.emergency === null
                    ? t("supply.emergencyNone")
                    : t("supply.emergencyOpen", { amount: yuan(facts.emergency.amount) })}
                </dd>
              </>
            )}
          </dl>
          <div className="row-buttons">
            <Can do="calendar.manage">
              <Button onClick={() => setDoing(facts.guard ? "liftGuard" : "setGuard")} data-testid="guard">
                {t(facts.guard ? "supply.liftGuard" : "supply.setGuard")}
              </Button>
            </Can>
            {facts.overdraft === null ? null : (
              <Can do="price.manage">
                <Button onClick={() => setDoing("setOverdraft")}>{t("supply.setOverdraft")}</Button>
              </Can>
            )}
            {facts.overdraft !== null && facts.inArrears && facts.emergency === null ? (
              <Can do="recharge.create">
                <Button type="primary" onClick={() => setDoing("grant")} data-testid="emergency">
                  {t("supply.grant")}
                </Button>
              </Can>
            ) : null}
          </div>
        </>
      )}
      {doing === null || facts === undefined ? null : (
        <SupplyDialog meter={meter} doing={doing} supply={facts} onClose={() => setDoing(null)} />
      )}
    </section>
  );
}

type DialogProps = { meter: MeterDetail; doing: Doing; supply: Supply; onClose: () => void };

function SupplyDialog({ meter, doing, supply, onClose }: DialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [key] = useState(newKey);
  const { meterId, label } = meter.tile;
  const [amount, setAmount] = useState(doing === "setOverdraft" ? (supply.overdraft ?? "") : "5");
  const asksAmount = doing === "setOverdraft" || doing === "grant";
  const act = (reason: string): Promise<Supply> => {
    if (doing === "setOverdraft") return postOverdraft(meterId, { amount: amount.trim(), reason });
    if (doing === "grant") return postEmergency(meterId, { key, amount: amount.trim(), reason });
    return postGuard(meterId, { on: doing === "setGuard", reason });
  };
  const leads = {
    setGuard: t("supply.setGuardLead", { label }),
    liftGuard: t("supply.liftGuardLead", { label }),
    setOverdraft: t("supply.overdraftLead"),
    grant: t("supply.grantLead", { label, max: supply.emergencyMax }),
  };
  return (
    <ReasonDialog
      title={t(`supply.${doing}`)}
      label={t("supply.whyLabel")}
      missingText={t("supply.whyMissing")}
      confirmText={t(`supply.${doing}`)}
      cancelText={t("prices.cancel")}
      danger={doing === "liftGuard"}
      testId="supply"
      act={act}
      onClose={onClose}
      onDone={() => {
        void client.invalidateQueries({ queryKey: keys.meter(meterId) });
        onClose();
      }}
    >
      <p>{leads[doing]}</p>
      {asksAmount ? (
        <label className="field" htmlFor="supply-amount">
          <span>{t("supply.amount")}</span>
          <Input
            id="supply-amount"
            inputMode="decimal"
            value={amount}
            onChange={(event) => setAmount(event.target.value)}
            data-testid="supply-amount"
          />
        </label>
      ) : null}
    </ReasonDialog>
  );
}

/** The prices of a meter, newest first: what holds now, what is approved for later, and who approved it. */
export function PricesPart({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const { meterId, kind } = meter.tile;
  const prices = useQuery({ queryKey: priceKeys.meter(meterId), queryFn: () => getMeterPrices(meterId) });
  if (prices.error) return <FailedLine error={prices.error} />;
  return (
    <section className="drawer-part" aria-label={t("prices.history")} data-testid="meter-prices">
      <h3>{t("prices.history")}</h3>
      <ol className="versions">
        {[...(prices.data?.items ?? [])].reverse().map((each) => (
          <li key={each.from} data-state={each.current ? "current" : "other"} data-testid={`price-from-${each.from}`}>
            <p>
              {each.current ? <span className="tag tag-good">{t("prices.current")}</span> : null}{" "}
              <b>{each.from === 0 ? t("prices.fromStart") : t("prices.fromOn", { time: dateTime(each.from) })}</b>{" "}
              <small>{each.tariffName ?? t("prices.own")}</small>
            </p>
            <TermsView terms={each.terms} kind={kind} />
            {each.from === 0 ? null : (
              <small className="muted">{t("prices.approvedShort", { name: each.approvedBy })}</small>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
