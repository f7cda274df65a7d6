import { useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { dayOf, instant } from "#base/time.ts";
import type { Statement } from "#contract/customers.ts";
import { deskKeys, getStatement } from "#web/shared/api-desk.ts";
import { dateTime, isZero, yuan } from "#web/shared/format.ts";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { channelText } from "../recharge/channel-text.ts";
import "../records/records.css";
import "./customers.css";

/** The statement (对账单) of one room and no other: what it began with, what came and went, what it ended with. */
export function StatementPage() {
  const { t } = useTranslation();
  const { roomId = "" } = useParams();
  const id = /^\d{1,15}$/.test(roomId) ? Number(roomId) : 0;
  const [search, setSearch] = useAddress();
  const today = dayOf(instant(Date.now()));
  const from = search.get("from") ?? `${today.slice(0, 8)}01`;
  const to = search.get("to") ?? today;
  const found = useQuery({
    queryKey: deskKeys.statement(id, from, to),
    queryFn: () => getStatement(id, { from, to }),
    retry: false,
  });
  const day = (name: "from" | "to", value: string) => (
    <label className="filter-field">
      <span>{t(`recordsFilter.${name}`)}</span>
      <input
        type="date"
        value={value}
        max={today}
        onChange={(event) =>
          event.target.value !== "" &&
          setSearch((now) => ({ from, to, ...Object.fromEntries(now), [name]: event.target.value }))
        }
        data-testid={`statement-${name}`}
      />
    </label>
  );
  return (
    <main className="page statement-page" id="main" tabIndex={-1}>
      <div className="page-head no-print">
        <h1>{t("statement.title")}</h1>
        <ExportButton path={`/api/rooms/${id}/statement/file?from=${from}&to=${to}`} />
        <Button onClick={() => window.print()} data-testid="statement-print">
          {t("statement.print")}
        </Button>
      </div>
      <search className="record-filters no-print" aria-label={t("statement.period")}>
        {day("from", from)}
        {day("to", to)}
      </search>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : (
        <StatementSheet statement={found.data} />
      )}
    </main>
  );
}

function StatementSheet({ statement }: { statement: Statement }) {
  const { t } = useTranslation();
  const inYuan = (text: string): string => t("receipt.yuan", { value: yuan(text) });
  return (
    <article
      className="panel statement"
      data-testid="statement"
      data-closing={statement.closing}
      data-opening={statement.opening}
    >
      <h2>
        {t("statement.of", { room: statement.room })} <small>{statement.areaName}</small>
      </h2>
      <p>
        {t("statement.customer", { customer: statement.customer })}{" "}
        {t("statement.days", { from: statement.from, to: statement.to })}{" "}
        <span className="muted">{t("meter.asOf", { time: dateTime(statement.asOf) })}</span>
      </p>
      <p className="statement-sum" data-testid="statement-sum">
        {t("statement.sum", {
          opening: yuan(statement.opening),
          recharges: yuan(statement.recharges),
          usage: yuan(statement.usage),
          shares: yuan(statement.shares),
          closing: inYuan(statement.closing),
        })}
        {isZero(statement.others) ? null : ` ${t("statement.others", { others: inYuan(statement.others) })}`}
      </p>
      <p className="muted">
        {t("statement.consists", {
          inMeters: yuan(statement.inMeters),
          inWallet: yuan(statement.inWallet),
          debts: yuan(statement.debts),
        })}
      </p>
      <div className="table-box">
        <table className="table statement-table" data-testid="statement-lines">
          <thead>
            <tr>
              {(["time", "what", "meter", "receipt", "amount", "balance"] as const).map((column) => (
                <th key={column} scope="col" className={`col-${column}`}>
                  {t(`statement.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <td className="col-time">{statement.from}</td>
              <td className="col-what">{t("statement.opening")}</td>
              <td className="col-meter" />
              <td className="col-receipt" />
              <td className="col-amount" />
              <td className="col-balance">{yuan(statement.opening)}</td>
            </tr>
            {statement.lines.map((line, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines never change their order
              <tr key={at} data-kind={line.kind}>
                <td className="col-time">{dateTime(line.at)}</td>
                <td className="col-what">{t(`statement.kind.${line.kind}`)}</td>
                <td className="col-meter">
                  {t(`kind.${line.meterKind}`)} {line.number}
                </td>
                <td className="col-receipt">
                  {line.receiptNo ?? ""} {line.channel === null ? "" : channelText(line.channel)}
                </td>
                <td className="col-amount">{yuan(line.amount)}</td>
                <td className="col-balance">{yuan(line.balance)}</td>
              </tr>
            ))}
            <tr>
              <td className="col-time">{statement.to}</td>
              <td className="col-what">{t("statement.closing")}</td>
              <td className="col-meter" />
              <td className="col-receipt" />
              <td className="col-amount" />
              <td className="col-balance">
                <b>{yuan(statement.closing)}</b>
              </td>
            </tr>
          </tbody>
        </table>
      </div>
    </article>
  );
}
