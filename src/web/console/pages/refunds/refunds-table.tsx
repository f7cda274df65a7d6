import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Refund } from "#contract/refunds.ts";
import { dateTime, MISSING, units, yuan } from "#web/shared/format.ts";
import { useColumnChoice } from "../../column-choice.tsx";
import { methodText } from "./method-text.ts";
import { isVoid, recordedAmount } from "./refund-money.ts";
import { RefundTag } from "./refund-tag.tsx";

const columns = [
  ["time", "time"],
  ["orderNo", "refundNo"],
  ["kind", "type"],
  ["room", "room"],
  ["customer", "customer"],
  ["meter", "meterNumber"],
  ["units", "units"],
  ["amount", "amount"],
  ["channel", "paysBy"],
  ["state", "stateWord"],
  ["operator", "operator"],
] as const;

/** Refunds as rows, on a phone as cards. What went back is negative; what had no effect is nothing. */
export function RefundsTable({ items }: { items: readonly Refund[] }) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const choice = useColumnChoice("refunds", box);
  return (
    <>
      {choice}
      <div className="panel table-box" ref={box}>
        <table className="table refunds-table" data-testid="refunds">
          <thead>
            <tr>
              {columns.map(([column, word]) => (
                <th
                  key={column}
                  scope="col"
                  className={`col-${column}`}
                  data-stays={column === "amount" || column === "state" ? "" : undefined}
                >
                  {t(`refunds.${word}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {items.map((refund) => (
              <tr key={refund.refundNo} data-testid={`refund-row-${refund.refundNo}`} data-state={refund.state}>
                <td className="col-time">{dateTime(refund.createdAt)}</td>
                <td className="col-orderNo">
                  <Link to={`/refunds/${encodeURIComponent(refund.refundNo)}`}>{refund.refundNo}</Link>
                </td>
                <td className="col-kind">{t(`refunds.kind.${refund.kind}`)}</td>
                <td className="col-room">{refund.label}</td>
                <td className="col-customer">{refund.customer}</td>
                <td className="col-meter">{refund.number}</td>
                <td className="col-units">{unitsText(refund)}</td>
                <td className="col-amount">{yuan(recordedAmount(refund))}</td>
                <td className="col-channel">{methodText(refund)}</td>
                <td className="col-state">
                  <RefundTag state={refund.state} />
                </td>
                <td className="col-operator">{refund.createdBy}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function unitsText(refund: Refund): string {
  const taken = refund.takenWh ?? refund.unitsWh;
  return taken === 0 || isVoid(refund) ? MISSING : `−${units(taken)}`;
}
