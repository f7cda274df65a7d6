import { useTranslation } from "react-i18next";
import type { MoveOut, SheetMeterView } from "#contract/move-outs.ts";
import { REMAINING_TOLERANCE_WH } from "#domain/difference.ts";
import { dateTime, isZero, units, yuan } from "#web/shared/format.ts";

/** The settlement (结算单) as it is printed: every line, its price, and as of when. */
export function SheetView({ moveOut }: { moveOut: MoveOut }) {
  const { t } = useTranslation();
  const { sheet } = moveOut;
  if (sheet === null) return null;
  const row = (name: string, value: string, more: { strong?: boolean; testId?: string } = {}) => (
    <tr className={more.strong ? "report-sum" : ""} data-testid={more.testId} data-amount={value}>
      <td colSpan={3}>{name}</td>
      <td className="figure">{yuan(value)}</td>
    </tr>
  );
  const credit = moveOut.isFinal ? "final" : "draft";
  return (
    <article className="panel sheet-paper" data-testid="sheet" data-rev={moveOut.rev} data-final={moveOut.isFinal}>
      <h2>
        {t("moveOuts.sheet.title")} <span className="tag">{t(`moveOuts.sheet.${credit}`)}</span>
      </h2>
      <dl className="facts sheet-facts">
        <dt>{t("moveOuts.sheet.no")}</dt>
        <dd>{moveOut.moveOutNo}</dd>
        <dt>{t("moveOuts.sheet.project")}</dt>
        <dd>{moveOut.project}</dd>
        <dt>{t("moveOuts.sheet.place")}</dt>
        <dd>{moveOut.place}</dd>
        <dt>{t("moveOuts.sheet.customer")}</dt>
        <dd>{`${moveOut.customer} ${moveOut.customerNumber}`}</dd>
        <dt>{t("moveOuts.sheet.method")}</dt>
        <dd>{t(`moveOuts.begin.methods.${moveOut.method}`)}</dd>
        <dt>{t("moveOuts.sheet.by")}</dt>
        <dd>{moveOut.paidBy ?? moveOut.createdBy}</dd>
        {moveOut.doneAt === null ? null : (
          <>
            <dt>{t("moveOuts.sheet.done")}</dt>
            <dd>{dateTime(moveOut.doneAt)}</dd>
          </>
        )}
        {moveOut.payoutNote === "" ? null : (
          <>
            <dt>{t("moveOuts.sheet.payoutNote")}</dt>
            <dd>{moveOut.payoutNote}</dd>
          </>
        )}
      </dl>
      <p className="muted">{t("moveOuts.sheet.rev", { rev: moveOut.rev, time: dateTime(sheet.at) })}</p>
      <div className="table-scroll">
        <table className="plain-table sheet-table">
          <thead>
            <tr>
              <th scope="col">{t("moveOuts.sheet.meter")}</th>
              <th scope="col" className="figure">
                {t("moveOuts.sheet.units")}
              </th>
              <th scope="col" className="figure">
                {t("moveOuts.sheet.price")}
              </th>
              <th scope="col" className="figure">
                {t("moveOuts.sheet.value")}
              </th>
            </tr>
          </thead>
          {sheet.meters.map((meter) => (
            <MeterLines key={meter.meterId} meter={meter} />
          ))}
          <tbody className="sheet-sums">
            {row(t("moveOuts.sheet.credit"), sheet.credit, { testId: "sheet-credit" })}
            {sheet.whole ? (
              row(t("moveOuts.sheet.wallet"), sheet.wallet, { testId: "sheet-wallet" })
            ) : (
              <tr>
                <td colSpan={4} className="muted">
                  {t("moveOuts.sheet.walletStays")}
                </td>
              </tr>
            )}
            {row(t("moveOuts.sheet.debts"), isZero(sheet.charges) ? sheet.charges : `-${sheet.charges}`)}
            {row(t("moveOuts.sheet.total"), sheet.total, { strong: true, testId: "sheet-total" })}
            {isZero(sheet.rest) ? null : row(t("moveOuts.sheet.rest"), `-${sheet.rest}`)}
            {row(t("moveOuts.sheet.payable"), sheet.payable, { strong: true, testId: "sheet-payable" })}
            {isZero(sheet.owed)
              ? null
              : row(t("moveOuts.sheet.owed"), sheet.owed, { strong: true, testId: "sheet-owed" })}
          </tbody>
        </table>
      </div>
      {moveOut.earlier.length === 0 ? null : (
        <details className="no-print">
          <summary>{t("moveOuts.sheet.earlier")}</summary>
          <ul>
            {moveOut.earlier.map((each) => (
              <li key={each.rev}>
                {t("moveOuts.sheet.earlierLine", {
                  rev: each.rev,
                  time: dateTime(each.at),
                  payable: yuan(each.payable),
                  owed: yuan(each.owed),
                })}
              </li>
            ))}
          </ul>
        </details>
      )}
      <p className="sheet-sign">{t("moveOuts.sheet.sign")}</p>
    </article>
  );
}

function MeterLines({ meter }: { meter: SheetMeterView }) {
  const { t } = useTranslation();
  const unit = t(`unit.${meter.meterKind}`);
  const source = t(`moveOuts.readings.source.${meter.source}`);
  const note = (text: string, tone = "muted") => (
    <tr>
      <td colSpan={4} className={tone}>
        {text}
      </td>
    </tr>
  );
  return (
    <tbody data-testid={`sheet-meter-${meter.meterId}`} data-value={meter.value} data-units={meter.unitsWh}>
      <tr className="sheet-meter">
        <th scope="rowgroup" colSpan={4}>
          {meter.label} <small>{`${t(`kind.${meter.meterKind}`)} ${meter.number}`}</small>
        </th>
      </tr>
      {note(
        t("moveOuts.sheet.reading", {
          index: units(meter.indexWh),
          unit,
          time: dateTime(meter.readAt),
          source:
            meter.source === "meter"
              ? source
              : t("moveOuts.sheet.sourceWhy", { source, reason: meter.sourceReason, by: meter.sourceBy ?? "" }),
        }),
        meter.source === "meter" ? "muted" : "bad",
      )}
      {meter.pieces.map((piece) => (
        <tr key={`${piece.boughtAt}-${piece.orderNo}`}>
          <td>
            {t("moveOuts.sheet.unitsLine")}{" "}
            <small>
              {`${piece.orderNo ?? t("moveOuts.sheet.opening")} ${t("moveOuts.sheet.bought", { time: dateTime(piece.boughtAt) })}`}
            </small>
          </td>
          <td className="figure">{`${units(piece.unitsWh)} ${unit}`}</td>
          <td className="figure">{yuan(piece.price)}</td>
          <td className="figure">{yuan(piece.value)}</td>
        </tr>
      ))}
      {meter.overrideValue === null ? null : (
        <tr className="bad">
          <td colSpan={3}>
            {t("moveOuts.sheet.override", {
              price: yuan(meter.overridePrice),
              by: meter.overrideBy ?? "",
              reason: meter.overrideReason,
            })}
          </td>
          <td className="figure">{yuan(meter.overrideValue)}</td>
        </tr>
      )}
      {meter.balance === null ? null : (
        <tr>
          <td colSpan={3}>{t("moveOuts.sheet.balance")}</td>
          <td className="figure">{yuan(meter.balance)}</td>
        </tr>
      )}
      {isZero(meter.overuse) ? null : (
        <tr>
          <td colSpan={3}>{t("moveOuts.sheet.overuse", { units: units(meter.overuseWh), unit })}</td>
          <td className="figure">{yuan(`-${meter.overuse}`)}</td>
        </tr>
      )}
      {meter.uncoveredWh > REMAINING_TOLERANCE_WH
        ? note(t("moveOuts.sheet.uncovered", { units: units(meter.uncoveredWh), unit }), "bad")
        : null}
      {meter.leftoverWh > REMAINING_TOLERANCE_WH
        ? note(
            t("moveOuts.sheet.leftover", { units: units(meter.leftoverWh), unit, value: yuan(meter.leftover) }),
            "bad",
          )
        : null}
    </tbody>
  );
}
