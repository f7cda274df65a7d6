import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Button, Checkbox, Input, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { PriceChange, PricedMeter, Selection, Tariffs } from "#contract/prices.ts";
import { getPricedMeters, type MeterFilter, priceKeys } from "#web/shared/api-prices.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, yuan } from "#web/shared/format.ts";
import { withFilter } from "../../address-filter.ts";
import { Empty } from "../../empty.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { useAddress } from "../../use-address.ts";
import { useTypedFilter } from "../../use-typed-filter.ts";
import { AssignDialog } from "./assign-dialog.tsx";

const KINDS = ["electricity", "water"] as const;

type ListProps = {
  tariffs: Tariffs;
  /** The change of prices whose meters are shown; an empty text shows all meters. */
  change: string;
  onAsked: (change: PriceChange) => void;
};

/** Who pays what since when; some of them, or a whole area, can be given another price. */
export function PricedMeterList({ tariffs, change: only, onAsked }: ListProps) {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const of = (name: string): string => address.get(name) ?? "";
  const filter = { areaId: of("areaId"), kind: of("kind"), search: of("search") };
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [changing, setChanging] = useState<{ meters: Selection; title: string } | null>(null);
  const asked: MeterFilter = { ...filter, change: only };
  const list = useInfiniteQuery({
    queryKey: priceKeys.meters(asked),
    queryFn: ({ pageParam }) => getPricedMeters(asked, pageParam),
    initialPageParam: 0,
    getNextPageParam: ({ items, more }) => (more ? (items.at(-1)?.meterId ?? null) : null),
    placeholderData: keepPreviousData,
  });
  const items = list.data?.pages.flatMap((page) => page.items);
  const total = list.data?.pages[0]?.total ?? 0;
  const area = tariffs.areas.find((each) => String(each.id) === filter.areaId);
  const change = (part: Partial<typeof filter>): void => {
    setAddress((now) => withFilter(now, part), { replace: true });
    setChosen(new Set());
  };
  const [text, setText] = useTypedFilter(filter.search, (search) => change({ search }));
  const kind = filter.kind === "water" ? "water" : "electricity";
  const whole: Selection = { ...(area ? { areaId: area.id } : {}), ...(filter.kind === "" ? {} : { kind }) };
  return (
    <>
      {only === "" ? null : (
        <p className="banner" data-testid="price-of-change">
          {t("prices.ofChange")} <Link to="/prices">{t("prices.allMeters")}</Link>
        </p>
      )}
      <div className="price-filter">
        <Select
          value={filter.areaId}
          aria-label={t("prices.area")}
          showSearch
          optionFilterProp="label"
          onChange={(areaId) => change({ areaId })}
          options={[
            { value: "", label: t("prices.everyArea") },
            ...tariffs.areas.map((each) => ({
              value: String(each.id),
              label: `${"　".repeat(each.depth)}${each.name}`,
            })),
          ]}
          data-testid="price-area"
        />
        <Select
          value={filter.kind}
          aria-label={t("prices.kindOfMeter")}
          onChange={(next) => change({ kind: next })}
          options={[
            { value: "", label: t("prices.everyKind") },
            ...KINDS.map((each) => ({ value: each, label: t(`kind.${each}`) })),
          ]}
          data-testid="price-kind"
        />
        <Input
          value={text}
          aria-label={t("prices.search")}
          placeholder={t("prices.search")}
          onChange={(event) => setText(event.target.value)}
          data-testid="price-search"
        />
        <Can do="price.manage">
          <Button
            disabled={chosen.size === 0}
            onClick={() =>
              setChanging({
                meters: { meterIds: [...chosen] },
                title: t("prices.changeChosen", { count: chosen.size }),
              })
            }
            data-testid="price-change-chosen"
          >
            {t("prices.changeChosen", { count: chosen.size })}
          </Button>
          {area === undefined ? null : (
            <Button
              type="primary"
              onClick={() => setChanging({ meters: whole, title: t("prices.changeArea", { area: area.name }) })}
              data-testid="price-change-area"
            >
              {t("prices.changeArea", { area: area.name })}
            </Button>
          )}
        </Can>
      </div>
      {items === undefined ? (
        list.error ? (
          <FailedNotice error={list.error} retry={() => void list.refetch()} />
        ) : (
          <Loading rows={10} />
        )
      ) : items.length === 0 ? (
        <Empty
          title={t("prices.noMeters")}
          lead={t("prices.noMetersLead")}
          narrowing={["areaId", "kind", "search"]}
          testId="prices-empty"
        />
      ) : (
        <>
          <MeterTable
            items={items}
            chosen={chosen}
            onChoose={(meterId, on) => {
              const next = new Set(chosen);
              if (on) next.add(meterId);
              else next.delete(meterId);
              setChosen(next);
            }}
          />
          <div className="records-more">
            <span className="muted" role="status">
              {t("prices.shown", { count: items.length, total })}
            </span>
            {list.hasNextPage ? <Button onClick={() => void list.fetchNextPage()}>{t("prices.more")}</Button> : null}
          </div>
        </>
      )}
      {changing === null ? null : (
        <AssignDialog
          {...changing}
          kind={kind}
          tariffs={tariffs.items}
          onClose={() => setChanging(null)}
          onDone={(done) => {
            setChanging(null);
            setChosen(new Set());
            onAsked(done);
          }}
        />
      )}
    </>
  );
}

type TableProps = {
  items: readonly PricedMeter[];
  chosen: ReadonlySet<number>;
  onChoose: (meterId: number, on: boolean) => void;
};

function MeterTable({ items, chosen, onChoose }: TableProps) {
  const { t } = useTranslation();
  const columns = ["room", "meter", "area", "kindOfMeter", "credit"] as const;
  return (
    <div className="panel table-box">
      <table className="table price-table" data-testid="priced-meters">
        <thead>
          <tr>
            <th scope="col">
              <span className="unseen">{t("prices.choose")}</span>
            </th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {t(`prices.${column}`)}
              </th>
            ))}
            <th scope="col" className="col-number">
              {t("prices.price")}
            </th>
            <th scope="col">{t("prices.tariff")}</th>
            <th scope="col">{t("prices.since")}</th>
            <th scope="col">{t("prices.next")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.meterId} data-testid={`priced-${item.number}`} data-price={item.price}>
              <td>
                <Checkbox
                  checked={chosen.has(item.meterId)}
                  aria-label={t("prices.chooseOne", { label: item.label })}
                  onChange={(event) => onChoose(item.meterId, event.target.checked)}
                />
              </td>
              <td>{item.label}</td>
              <td>{item.number}</td>
              <td>{item.areaName}</td>
              <td>{t(`kind.${item.kind}`)}</td>
              <td>{item.creditAt === null ? t("meter.missing") : t(`prices.creditAt.${item.creditAt}`)}</td>
              <td className="col-number">
                <b>{yuan(item.price)}</b>
                <small>{` ${t("unit.yuan")}/${t(`unit.${item.kind}`)}`}</small>
              </td>
              <td>{item.tariffName ?? t("prices.own")}</td>
              <td data-label={t("prices.since")}>{item.since === 0 ? t("prices.fromStart") : dateTime(item.since)}</td>
              <td data-label={t("prices.next")}>{item.nextAt === null ? t("meter.missing") : dateTime(item.nextAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
