import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { PriceChange } from "#contract/prices.ts";
import { getTariffs, priceKeys } from "#web/shared/api-prices.ts";
import { dateTime } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { ChangeList } from "./change-list.tsx";
import { PricedMeterList } from "./meter-list.tsx";
import { TariffList } from "./tariff-list.tsx";
import "../records/records.css";
import "./prices.css";

const VIEWS = ["meters", "tariffs", "changes"] as const;
type View = (typeof VIEWS)[number];

/** Prices (价格): who pays what since when, tariffs with their versions, and changes on their way. */
export function PricesPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [search, setSearch] = useAddress();
  const [asked, setAsked] = useState<PriceChange | null>(null);
  const view = VIEWS.find((each) => each === search.get("view")) ?? "meters";
  const tariffs = useQuery({ queryKey: priceKeys.tariffs, queryFn: getTariffs });
  const onAsked = (change: PriceChange): void => {
    setAsked(change);
    void client.invalidateQueries({ queryKey: priceKeys.all });
  };
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("prices.title")}</h1>
        <Segmented
          value={view}
          onChange={(next: View) => setSearch(next === "meters" ? {} : { view: next })}
          options={VIEWS.map((each) => ({ value: each, label: t(`prices.view.${each}`) }))}
          aria-label={t("prices.title")}
          data-testid="prices-view"
        />
        {tariffs.data ? <small>{t("meter.asOf", { time: dateTime(tariffs.data.asOf) })}</small> : null}
      </div>
      {asked === null ? null : (
        <p className="banner banner-warn" role="status" data-testid="price-asked" data-state={asked.state}>
          {t(asked.state === "approved" ? "prices.approvedAtOnce" : "prices.asked", {
            count: asked.meters,
            time: dateTime(asked.from),
          })}
        </p>
      )}
      {tariffs.data === undefined ? (
        tariffs.error ? (
          <FailedNotice error={tariffs.error} retry={() => void tariffs.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : view === "meters" ? (
        <PricedMeterList tariffs={tariffs.data} change={search.get("change") ?? ""} onAsked={onAsked} />
      ) : view === "tariffs" ? (
        <TariffList tariffs={tariffs.data} onAsked={onAsked} />
      ) : (
        <ChangeList />
      )}
    </main>
  );
}
