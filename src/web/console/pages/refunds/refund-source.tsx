import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type ErrorCode, errors, errorText } from "#base/errors.ts";
import type { RefundOptions } from "#contract/refunds.ts";
import { useCan } from "#web/shared/can.tsx";
import { dateTime, isZero, units, yuan, yuanShort } from "#web/shared/format.ts";
import { currentLanguage } from "#web/shared/i18n.ts";
import { WriteOff } from "./write-off.tsx";

/** What there is to give back: units as the meter showed them and their worth, wallet, balance, debts, and what stands against it. */
export function RefundSource({ options }: { options: RefundOptions }) {
  const { t } = useTranslation();
  const seesCustomer = useCan("customer.view");
  const unit = t(`unit.sold.${options.meterKind}`);
  const inYuan = (value: string) => t("refunds.yuan", { value: yuan(value) });
  return (
    <section className="panel customer" aria-label={t("refunds.source")} data-testid="refund-source">
      <h2>{options.label}</h2>
      <p className="customer-who">
        {seesCustomer && options.customerId !== null ? (
          <Link to={`/customers/${options.customerId}`}>{options.customer}</Link>
        ) : (
          options.customer
        )}
        <span className="muted">{`${t(`kind.${options.meterKind}`)} ${options.number}`}</span>
      </p>
      <dl className="facts">
        {options.creditAt !== "meter" ? null : (
          <>
            <dt>{t("refunds.inMeter")}</dt>
            <dd>
              {options.remainingWh === null ? (
                t("refunds.unknown")
              ) : (
                <>
                  <b>{units(options.remainingWh)}</b> {unit}
                  <small>{t("refunds.asOf", { time: dateTime(options.unitsAsOf) })}</small>
                </>
              )}
            </dd>
            <dt>{t("refunds.refundable")}</dt>
            <dd data-testid="refund-max">
              <b>{units(options.unitsMaxWh)}</b> {unit} ≈{" "}
              <b>{t("refunds.yuan", { value: yuanShort(options.unitsValue) })}</b>
            </dd>
          </>
        )}
        {options.balance === null ? null : (
          <>
            <dt>{t("refunds.balance")}</dt>
            <dd>
              <b>{inYuan(options.balance)}</b>
            </dd>
          </>
        )}
        <dt>{t("refunds.wallet")}</dt>
        <dd>
          <b>{inYuan(options.wallet)}</b>
        </dd>
        <dt>{t("refunds.debts")}</dt>
        <dd className={isZero(options.debts) ? "" : "bad"}>
          <b>{inYuan(options.debts)}</b>
        </dd>
      </dl>
      {options.obstacle === null ? null : (
        <p className="banner banner-warn" role="alert" data-testid="refund-obstacle" data-code={options.obstacle}>
          {obstacleText(options)}{" "}
          {typeof options.obstacleDetails.refundNo === "string" ? (
            <Link to={`/refunds/${encodeURIComponent(options.obstacleDetails.refundNo)}`}>
              {t("refunds.openOther", { refundNo: options.obstacleDetails.refundNo })}
            </Link>
          ) : null}
        </p>
      )}
      <WriteOff of={options} />
    </section>
  );
}

function obstacleText({ obstacle, obstacleDetails }: RefundOptions): string {
  if (obstacle === null || !Object.hasOwn(errors, obstacle)) return obstacle ?? "";
  return errorText(obstacle as ErrorCode, obstacleDetails, currentLanguage() === "en" ? "en" : "zh");
}
