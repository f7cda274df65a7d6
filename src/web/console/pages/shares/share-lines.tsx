import { useTranslation } from "react-i18next";
import type { ShareLine, ShareMemberFacts, ShareRule, ShareSource } from "#contract/shares.ts";
import { HUNDREDTH_WH } from "#domain/apportion.ts";
import { dateTime, MISSING, units, yuan } from "#web/shared/format.ts";
import { SheetBox } from "../../sheet-box.tsx";
import { UnitsCell, YuanCell } from "../reports/figures.tsx";
import { typed } from "./hundredths.ts";

type Terms = Pick<ShareRule, "method" | "propertyBp" | "factors">;
type LinesProps = {
  terms: Terms;
  sourceWh: number;
  source: readonly ShareSource[];
  members: readonly ShareMemberFacts[];
  lines: readonly ShareLine[];
};

/** A sharing that anybody can compute again: the readings it rests on, the formula, and each member's input, weight and part. */
export function ShareLines({ terms, sourceWh, source, members, lines }: LinesProps) {
  const { t } = useTranslation();
  const { low, middle, high } = terms.factors;
  const isFine = sourceWh % HUNDREDTH_WH !== 0;
  const factors = { low: typed(low), middle: typed(middle), high: typed(high) };
  return (
    <>
      <div className="formula" data-testid="share-formula">
        <p>{t(`shares.formulas.${terms.method}`, factors)}</p>
        {terms.propertyBp > 0 ? <p>{t("shares.propertyFirst", { percent: typed(terms.propertyBp) })}</p> : null}
        <p className="muted">{t("shares.rounding")}</p>
      </div>
      <SheetBox cards className="share-sheet">
        <table className="sheet" data-testid="share-lines">
          <thead>
            <tr>
              <th className="first">{t("shares.members")}</th>
              <th>{t("shares.input")}</th>
              <th className="num">{t("shares.weight")}</th>
              <th className="num">{t("shares.share")}</th>
              <th className="num">{t("shares.before")}</th>
              <th className="num">{t("shares.price")}</th>
              <th className="num">{t("shares.cost")}</th>
              <th className="num">{t("shares.charge")}</th>
              <th>{t("shares.chargedTo")}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line, i) => (
              <tr key={line.line} data-testid="share-line" data-charged-to={line.chargedTo}>
                <th scope="row" className="first">
                  {line.label === "" ? t("shares.property") : line.label}
                </th>
                <td>
                  <MemberInput method={terms.method} facts={members[i]} />
                </td>
                <td className="num">
                  {line.weight} / {line.weightSum}
                </td>
                <UnitsCell wh={line.shareWh} exact={isFine} testId="share-wh" />
                <UnitsCell wh={line.beforeWh} exact={isFine} testId="share-before" />
                <td className="num">{yuan(line.price)}</td>
                <YuanCell text={line.cost} testId="share-cost" />
                <YuanCell text={line.charge} testId="share-charge" />
                <td>{t(`shares.to.${line.chargedTo}`)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th className="first">{t("reports.sum")}</th>
              <td colSpan={2} />
              <UnitsCell wh={sourceWh} exact={isFine} testId="share-sum" />
              <td colSpan={5} />
            </tr>
          </tfoot>
        </table>
      </SheetBox>
      <details className="panel" data-testid="share-basis">
        <summary>{t("shares.basis")}</summary>
        <SheetBox isBare cards>
          <table className="sheet">
            <thead>
              <tr>
                <th className="first">{t("reports.part")}</th>
                <th className="num">{t("reports.open")}</th>
                <th className="num">{t("reports.close")}</th>
                <th className="num">{t("reports.ratio")}</th>
                <th className="num">{t("shares.sourceWh")}</th>
                <th>{t("reports.quality")}</th>
              </tr>
            </thead>
            <tbody>
              {source.map((row) => (
                <tr key={`${row.day}-${row.segment}`}>
                  <th scope="row" className="first">
                    {row.day}
                  </th>
                  <td className="num">
                    {units(row.openWh)}
                    <small>{dateTime(row.openAt)}</small>
                  </td>
                  <td className="num">
                    {units(row.closeWh)}
                    <small>{dateTime(row.closeAt)}</small>
                  </td>
                  <td className="num">{row.ratio}</td>
                  <UnitsCell wh={row.usageWh} exact={isFine} />
                  <td>
                    {t(`reports.qualities.${row.quality}`)}
                    {row.rev > 0 ? <small>{t("reports.corrected", { rev: row.rev })}</small> : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </SheetBox>
      </details>
    </>
  );
}

/** What a member's weight was made from, in the words of the method. */
function MemberInput({ method, facts }: { method: Terms["method"]; facts: ShareMemberFacts | undefined }) {
  const { t } = useTranslation();
  if (facts === undefined) return MISSING;
  if (method === "ratio") return `${typed(facts.ratioBp)}%`;
  if (method === "equal") return t("shares.one");
  if (method === "area") return t("shares.m2", { area: typed(facts.areaCm) });
  if (method === "runtime") {
    return facts.minutes === null ? MISSING : t("shares.minutes", { ...facts.minutes, rated: facts.ratedW });
  }
  return facts.usageWh === null ? MISSING : t("shares.wh", { units: units(facts.usageWh) });
}
