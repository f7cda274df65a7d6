import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Input, Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { GroupItem } from "#contract/groups.ts";
import { getGroups, groupKeys } from "#web/shared/api-groups.ts";
import { dateTime, yuan } from "#web/shared/format.ts";
import { withFilter } from "../../address-filter.ts";
import { Empty, WayTo } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { useSettled } from "../../use-settled.ts";
import "./groups.css";

const POLL_MS = 10_000;
const VIEWS = ["active", "dissolved", "all"] as const;

/** Merged accounts (合并账户) of the scope: who, which meters, the balance as of when, and what is off or under way. */
export function GroupsPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useAddress();
  const view = VIEWS.find((each) => each === search.get("state")) ?? "active";
  const text = search.get("search") ?? "";
  const asked = useSettled(text.trim(), 200);
  const filter = new URLSearchParams({
    ...(asked === "" ? {} : { search: asked }),
    ...(view === "all" ? {} : { state: view }),
  }).toString();
  const list = useInfiniteQuery({
    queryKey: groupKeys.list(filter),
    queryFn: ({ pageParam }) => getGroups(filter, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: ({ items, more }) => (more ? (items.at(-1)?.groupNo ?? null) : null),
    refetchInterval: POLL_MS,
  });
  const items = list.data?.pages.flatMap((page) => page.items);
  const choose = (next: { state?: string; search?: string }): void => {
    const named = next.state === "active" ? { ...next, state: "" } : next;
    setSearch((now) => withFilter(now, named), { replace: true });
  };
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("groups.title")}</h1>
        <Segmented
          value={view}
          onChange={(state: string) => choose({ state })}
          options={VIEWS.map((value) => ({ value, label: t(`groups.filter.${value}`) }))}
          aria-label={t("groups.title")}
        />
        <ExportButton path={`/api/groups/file?${filter}`} />
      </div>
      <Input
        value={text}
        aria-label={t("groups.find")}
        placeholder={t("groups.find")}
        onChange={(event) => choose({ search: event.target.value })}
        data-testid="groups-search"
      />
      {items === undefined ? (
        list.error ? (
          <FailedNotice error={list.error} retry={() => void list.refetch()} />
        ) : (
          <Loading rows={6} />
        )
      ) : items.length === 0 ? (
        <Empty
          title={t("groups.none")}
          lead={t("groups.noneLead")}
          narrowing={["search"]}
          action={
            <WayTo to="/customers" can="customer.view">
              {t("menu.customers")}
            </WayTo>
          }
          testId="groups-empty"
        />
      ) : (
        <ul className="group-list" data-testid="groups">
          {items.map((item) => (
            <GroupLine key={item.groupNo} item={item} />
          ))}
        </ul>
      )}
      {list.hasNextPage ? <Button onClick={() => void list.fetchNextPage()}>{t("groups.more")}</Button> : null}
    </main>
  );
}

function GroupLine({ item }: { item: GroupItem }) {
  const { t } = useTranslation();
  return (
    <li>
      <Link to={`/groups/${item.groupNo}`} data-testid={`group-${item.groupNo}`}>
        <span>
          <b>{item.mainLabel}</b> {item.customer}
          <small>{item.groupNo}</small>
        </span>
        <span className="group-list-labels">
          {item.labels.join(t("app.and"))}
          <small>{t("groups.counts", { electricity: item.electricity, water: item.water })}</small>
        </span>
        <span className="group-list-tags">
          {item.state === "active" ? null : <span className="tag">{t(`groups.state.${item.state}`)}</span>}
          {item.underWay > 0 ? (
            <span className="tag tag-warn">{t("groups.underWay", { count: item.underWay })}</span>
          ) : null}
          {item.off > 0 ? <span className="tag tag-off">{t("groups.off", { count: item.off })}</span> : null}
        </span>
        <span className="group-list-money">
          <b className={item.balance.startsWith("-") ? "bad" : ""}>
            {t("receipt.yuan", { value: yuan(item.balance) })}
          </b>
          <small>{t("groups.balanceAt", { time: dateTime(item.balanceAt) })}</small>
        </span>
      </Link>
    </li>
  );
}
