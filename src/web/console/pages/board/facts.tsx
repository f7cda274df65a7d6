import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import type { MeterDetail } from "#contract/metering.ts";
import { dateTime, shortTime, thousandths, units, yuan, yuanShort } from "#web/shared/format.ts";

type Fact = { name: string; value: string | null; unit?: string; at?: number; why?: string; testId?: string };

/** What is known of a meter: every figure with its unit and its time; what is missing says why. */
export function Facts({ meter }: { meter: MeterDetail }) {
  const { t } = useTranslation();
  const now = Date.now();
  const unit = t(`unit.${meter.tile.kind}`);
  const prepaid = meter.tile.mode === "prepaid";
  const known = (value: number | null): string | null => (value === null ? null : units(value));
  const facts: Fact[] = [
    {
      name: t("meter.remaining"),
      value: known(meter.remainingWh),
      unit,
      at: meter.remainingAt,
      why: prepaid ? t("meter.why.neverRead") : t("meter.why.notPrepaid"),
      testId: "fact-remaining",
    },
    {
      name: t("meter.balance"),
      value: meter.balanceYuan === null ? null : yuanShort(meter.balanceYuan),
      unit: t("unit.yuan"),
      at: meter.remainingAt,
      why: prepaid ? t("meter.why.noBalance") : t("meter.why.notPrepaid"),
    },
    { name: t("meter.index"), value: known(meter.indexWh), unit, at: meter.indexAt, why: t("meter.why.neverRead") },
    {
      name: t("meter.relay"),
      value: meter.relay && t(`meter.relayState.${meter.relay}`),
      at: meter.relayAt,
      why: meter.switchKind === "none" ? t("meter.why.noSwitch") : t("meter.why.neverRead"),
      testId: "fact-relay",
    },
    {
      name: t("meter.commanded"),
      value: meter.relayCommanded && t(`meter.relayState.${meter.relayCommanded}`),
      at: meter.relayCommandedAt,
      why: meter.switchKind === "none" ? t("meter.why.noSwitch") : t("meter.why.notCommanded"),
      testId: "fact-commanded",
    },
    ...(meter.offCause === null ? [] : [{ name: t("meter.offCause"), value: t(`meter.cause.${meter.offCause}`) }]),
    ...(meter.tile.kind === "water" ? [] : instants()),
    {
      name: t("meter.wallet"),
      value: money(meter.customer?.wallet ?? null),
      unit: t("unit.yuan"),
      why: t("meter.why.noCustomer"),
    },
    {
      name: t("meter.debts"),
      value: money(meter.customer?.debts ?? null),
      unit: t("unit.yuan"),
      why: t("meter.why.noCustomer"),
    },
    {
      name: t("meter.price"),
      value: meter.priceYuan === null ? null : yuan(meter.priceYuan),
      unit: `${t("unit.yuan")}/${unit}`,
      why: t("meter.why.masked"),
      testId: "fact-price",
    },
    ...(prepaid ? [{ name: t("meter.lowCredit"), value: units(meter.lowCreditWh), unit }] : []),
    ...(meter.closesBy === "button" ? [{ name: t("meter.closesBy"), value: t("meter.byButton") }] : []),
    ...(meter.ratio === 1 ? [] : [{ name: t("meter.ratio"), value: `× ${meter.ratio}` }]),
    ...(prepaid && meter.tile.creditAt === "meter" ? [{ name: t("meter.purchases"), value: purchases() }] : []),
    { name: t("meter.customer"), value: meter.customer?.name ?? null, why: t("meter.why.noCustomer") },
    ...(meter.customer === null
      ? []
      : [
          { name: t("meter.phone"), value: meter.customer.phone, testId: "fact-phone" },
          { name: t("meter.account"), value: meter.customer.accountNumber },
        ]),
    { name: t("meter.box"), value: meter.box, why: t("meter.why.noBox"), testId: "fact-box" },
    { name: t("meter.bus"), value: meter.channel === null ? String(meter.bus) : `${meter.bus} · ${meter.channel}` },
    { name: t("meter.address"), value: `${meter.address} · ${meter.profile}` },
    {
      name: t("meter.lastAnswer"),
      value: meter.lastAnswerAt === 0 ? null : dateTime(meter.lastAnswerAt),
      why: t("meter.why.neverAnswered"),
    },
  ];

  function instants(): Fact[] {
    const why = t("meter.why.notMeasured");
    const at = meter.instantAt;
    return [
      {
        name: t("meter.voltage"),
        value: meter.voltageMv === null ? null : thousandths(meter.voltageMv, 1),
        unit: "V",
        at,
        why,
      },
      {
        name: t("meter.current"),
        value: meter.currentMa === null ? null : thousandths(meter.currentMa, 3),
        unit: "A",
        at,
        why,
      },
      { name: t("meter.power"), value: meter.powerW === null ? null : String(meter.powerW), unit: "W", at, why },
    ];
  }

  function purchases(): string {
    return meter.purchaseCountRead === null
      ? t("meter.purchasesOurs", { ours: meter.purchaseCount })
      : t("meter.purchasesRead", { ours: meter.purchaseCount, read: meter.purchaseCountRead });
  }

  return (
    <section className="drawer-part" aria-label={t("meter.facts")}>
      <h3>{t("meter.facts")}</h3>
      <dl className="facts">
        {facts.map((fact) => (
          <Fragment key={fact.name}>
            <dt>{fact.name}</dt>
            <dd data-testid={fact.testId}>
              {fact.value === null ? (
                <>
                  {t("meter.missing")} <small>{fact.why}</small>
                </>
              ) : (
                <>
                  <b>{fact.value}</b> {fact.unit ?? ""}
                  {fact.at ? <small>{t("meter.asOf", { time: shortTime(fact.at, now) })}</small> : null}
                </>
              )}
            </dd>
          </Fragment>
        ))}
        <dt>{t("meter.concentrator")}</dt>
        <dd>
          <b>{meter.concentrator.name}</b> {meter.concentrator.code}{" "}
          <span className={meter.concentrator.online ? "good" : "bad"}>
            {meter.concentrator.online ? t("meter.online") : t("meter.offline")}
          </span>
          <small>
            {meter.concentrator.lastSeenAt === 0
              ? t("meter.never")
              : t("meter.seen", { time: shortTime(meter.concentrator.lastSeenAt, now) })}
            {meter.silentRounds > 0 ? ` · ${t("meter.silent", { count: meter.silentRounds })}` : ""}
          </small>
        </dd>
      </dl>
    </section>
  );
}

function money(text: string | null): string | null {
  return text === null ? null : yuan(text);
}
