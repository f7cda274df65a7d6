import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { getMoveOuts, moveOutKeys } from "#web/shared/api-move-outs.ts";
import { dateTime, yuan } from "#web/shared/format.ts";
import { withFilter } from "../../address-filter.ts";
import { Empty, WayTo } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { useAddress } from "../../use-address.ts";
import { useTypedFilter } from "../../use-typed-filter.ts";
import { stateTones } from "./state-tones.ts";
import "../reports/reports.css";
import "./move-outs.css";

const VIEWS = ["open", "done", "cancelled", "all"] as const;
const POLL_MS = 5_000;

/** Every move-out (退租单), newest first, by state and text; with a way to each and as Excel. */
export function MoveOutsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useAddress();
  const view = VIEWS.find((each) => each === search.get("view")) ?? "open";
  const text = search.get("search") ?? "";
  const filter = new URLSearchParams({
    ...(view === "all" ? {} : { state: view }),
    ...(text === "" ? {} : { search: text }),
  }).toString();
  const list = useInfiniteQuery({
    queryKey: moveOutKeys.list(filter),
    queryFn: ({ pageParam }) => getMoveOuts(filter, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ items, more }) => (more ? (items.at(-1)?.moveOutNo ?? null) : null),
    refetchInterval: POLL_MS,
  });
  const items = list.data?.pages.flatMap((page) => page.items);
  const choose = (next: { view?: string; search?: string }): void => {
    setSearch((now) => withFilter(now, next.view === "open" ? { ...next, view: "" } : next));
  };
  const [typed, setTyped] = useTypedFilter(text, (next) => choose({ search: next }));
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("moveOuts.title")}</h1>
        <Segmented
          value={view}
          onChange={(next) => choose({ view: next })}
          options={VIEWS.map((value) => ({ value, label: t(`moveOuts.view.${value}`) }))}
          aria-label={t("moveOuts.columns.state")}
          data-testid="move-outs-view"
        />
        <Input.Search
          className="move-outs-search"
          value={typed}
          allowClear
          maxLength={64}
          placeholder={t("moveOuts.search")}
          aria-label={t("moveOuts.search")}
          onChange={(event) => setTyped(event.target.value)}
        />
        <ExportButton path={`/api/move-outs/export?${filter}`} />
      </div>
      {items === undefined ? (
        list.error ? (
          <FailedNotice error={list.error} retry={() => void list.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : items.length === 0 ? (
        <Empty
          title={t("moveOuts.empty")}
          lead={t("moveOuts.emptyLead")}
          narrowing={["search"]}
          action={
            <WayTo to="/customers" can="customer.view">
              {t("menu.customers")}
            </WayTo>
          }
          testId="move-outs-empty"
        />
      ) : (
        <>
          <SheetBox cards name="move-outs">
            <table className="sheet" data-testid="move-outs">
              <thead>
                <tr>
                  <th scope="col" className="first">
                    {t("moveOuts.columns.no")}
                  </th>
                  <th scope="col">{t("moveOuts.columns.place")}</th>
                  <th scope="col">{t("moveOuts.columns.customer")}</th>
                  <th scope="col" data-stays="">
                    {t("moveOuts.columns.state")}
                  </th>
                  <th scope="col" className="num">
                    {t("moveOuts.columns.payable")}
                  </th>
                  <th scope="col" className="num">
                    {t("moveOuts.columns.owed")}
                  </th>
                  <th scope="col">{t("moveOuts.columns.createdBy")}</th>
                  <th scope="col">{t("moveOuts.columns.createdAt")}</th>
                  <th scope="col">{t("moveOuts.columns.doneAt")}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((line) => (
                  <tr key={line.moveOutNo} data-testid={`move-out-${line.moveOutNo}`} data-state={line.state}>
                    <th scope="row" className="first">
                      <Link to={`/move-outs/${line.moveOutNo}`}>{line.moveOutNo}</Link>
                    </th>
                    <td>{line.place}</td>
                    <td>{line.customer}</td>
                    <td>
                      <span className={`tag ${stateTones[line.state]}`}>{t(`moveOuts.state.${line.state}`)}</span>
                    </td>
                    <td className="num">{yuan(line.payable)}</td>
                    <td className="num">{yuan(line.owed)}</td>
                    <td>{line.createdBy}</td>
                    <td>{dateTime(line.createdAt)}</td>
                    <td>{dateTime(line.doneAt)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </SheetBox>
          {list.hasNextPage ? <Button onClick={() => void list.fetchNextPage()}>{t("moveOuts.more")}</Button> : null}
        </>
      )}
    </main>
  );
}
