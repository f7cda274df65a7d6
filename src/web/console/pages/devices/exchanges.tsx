import { useQuery } from "@tanstack/react-query";
import { Input, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Exchange } from "#contract/devices.ts";
import { deviceKeys, exchangeFilter, getExchanges } from "#web/shared/api-devices.ts";
import { dateTime, MISSING, units } from "#web/shared/format.ts";
import { withFilter } from "../../address-filter.ts";
import { Empty, WayTo } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { useTypedFilter } from "../../use-typed-filter.ts";
import "../records/records.css";
import "../reports/reports.css";
import "./devices.css";
import { SheetBox } from "../../sheet-box.tsx";

const POLL_MS = 10_000;

/** Every exchange (换表记录) in the scope: those under way, or those that have ended. */
export function ExchangesPage() {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const open = address.get("state") !== "ended";
  const search = address.get("search") ?? "";
  const choose = (change: Record<string, string>): void =>
    setAddress((now) => withFilter(now, change), { replace: true });
  const [text, setText] = useTypedFilter(search, (typed) => choose({ search: typed }));
  const view = { open, search };
  const found = useQuery({
    queryKey: deviceKeys.exchanges(view),
    queryFn: () => getExchanges(view),
    refetchInterval: POLL_MS,
  });
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("exchanges.title")}</h1>
        <Segmented
          value={open ? "open" : "ended"}
          onChange={(value: "open" | "ended") => choose({ state: value === "open" ? "" : value })}
          options={(["open", "ended"] as const).map((value) => ({ value, label: t(`exchanges.view.${value}`) }))}
          aria-label={t("exchanges.title")}
          data-testid="exchanges-view"
        />
        <Input
          className="exchange-search"
          value={text}
          placeholder={t("exchanges.search")}
          aria-label={t("exchanges.search")}
          onChange={(event) => setText(event.target.value)}
          data-testid="exchanges-search"
        />
        <ExportButton path={`/api/exchanges/export?${exchangeFilter(view)}`} />
      </div>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : found.data.items.length === 0 ? (
        <Empty
          narrowing={["search"]}
          action={
            <WayTo to="/" can="board.view">
              {t("menu.board")}
            </WayTo>
          }
          title={t(`exchanges.empty.${open ? "open" : "ended"}`)}
          lead={t("exchanges.emptyLead")}
          testId="exchanges-empty"
        />
      ) : (
        <>
          <ExchangeTable items={found.data.items} />
          {found.data.more ? <p className="muted">{t("exchanges.more")}</p> : null}
        </>
      )}
    </main>
  );
}

function ExchangeTable({ items }: { items: readonly Exchange[] }) {
  const { t } = useTranslation();
  return (
    <SheetBox cards name="exchanges">
      <table className="sheet" data-testid="exchanges">
        <thead>
          <tr>
            <th className="first">{t("exchanges.room")}</th>
            <th data-stays="">{t("exchanges.state")}</th>
            <th>{t("exchanges.customer")}</th>
            <th>{t("exchanges.old")}</th>
            <th>{t("exchanges.new")}</th>
            <th className="num">{t("exchanges.carried")}</th>
            <th>{t("exchanges.at")}</th>
            <th>{t("exchanges.no")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <tr key={each.exchangeNo} data-testid={`exchange-${each.exchangeNo}`}>
              <th scope="row" className="first">
                <Link to={`/exchanges/${each.exchangeNo}`}>{each.label}</Link>
              </th>
              <td data-state={each.state}>{t(`exchanges.states.${each.state}`)}</td>
              <td>{each.customer ?? MISSING}</td>
              <td>{each.oldMeter.number}</td>
              <td>{each.newMeter?.number ?? MISSING}</td>
              <td className="num">
                {each.carryWh === null ? MISSING : `${units(each.carryWh)} ${t(`unit.sold.${each.meterKind}`)}`}
              </td>
              <td>{dateTime(each.createdAt)}</td>
              <td>{each.exchangeNo}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}
