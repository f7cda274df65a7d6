import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { deskKeys, searchCustomers } from "#web/shared/api-desk.ts";
import { WayTo } from "../../empty.tsx";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { moveChoice } from "../../search-keys.ts";
import { useAddress } from "../../use-address.ts";
import { useSettled } from "../../use-settled.ts";
import "./customers.css";

const HITS_MAX = 50;

/** Finds a customer (客户) by room, name, phone or number; ↑↓ choose, ↵ opens. */
export function CustomersPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [search, setSearch] = useAddress();
  const [text, setText] = useState(search.get("search") ?? "");
  const [choice, setChoice] = useState(0);
  const asked = useSettled(text.trim(), 150);
  const found = useQuery({
    queryKey: deskKeys.customers(asked),
    queryFn: ({ signal }) => searchCustomers(asked, HITS_MAX, signal),
    placeholderData: keepPreviousData,
  });
  const hits = found.data?.items ?? [];
  const chosen = Math.min(choice, hits.length - 1);
  const find = (typed: string): void => {
    setText(typed);
    setChoice(0);
    setSearch(typed === "" ? {} : { search: typed }, { replace: true });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const next = moveChoice(event.key, chosen, hits.length);
    if (next !== null) {
      event.preventDefault();
      setChoice(next);
    } else if (event.key === "Enter" && asked === text.trim() && !found.isPlaceholderData) {
      const hit = hits[chosen];
      if (hit) navigate(`/customers/${hit.customerId}`);
    }
  };
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("customers.title")}</h1>
      </div>
      <Input
        size="large"
        autoFocus
        value={text}
        aria-label={t("customers.find")}
        placeholder={t("customers.hint")}
        autoComplete="off"
        onChange={(event) => find(event.target.value)}
        onKeyDown={onKeyDown}
        data-testid="customer-search"
      />
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : hits.length === 0 ? (
        asked === "" ? (
          <Notice
            title={t("customers.empty")}
            lead={t("customers.emptyLead")}
            action={
              <WayTo to="/imports" can="archive.import">
                {t("menu.imports")}
              </WayTo>
            }
            testId="customers-empty"
          />
        ) : (
          <Notice
            title={t("customers.none", { text: asked })}
            lead={t("customers.noneLead")}
            action={<Button onClick={() => find("")}>{t("customers.all")}</Button>}
            testId="customers-empty"
          />
        )
      ) : (
        <>
          <ul className="customer-list" data-testid="customers">
            {hits.map((hit, at) => (
              <li key={hit.customerId} className={at === chosen ? "chosen" : ""}>
                <Link to={`/customers/${hit.customerId}`} data-testid={`customer-${hit.number}`}>
                  <b>{hit.name}</b>
                  <span>{hit.phone}</span>
                  <span className="customer-rooms">{hit.rooms.join(t("app.and"))}</span>
                  <span className="muted">{t("customers.meters", { count: hit.meters })}</span>
                  <small>{hit.number}</small>
                </Link>
              </li>
            ))}
          </ul>
          {found.data.more ? <p className="muted">{t("search.more", { count: HITS_MAX })}</p> : null}
        </>
      )}
    </main>
  );
}
