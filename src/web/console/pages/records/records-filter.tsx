import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { OrderState } from "#contract/money.ts";
import { deskKeys, getAreas } from "#web/shared/api-desk.ts";
import { useSettled } from "../../use-settled.ts";

const CHANNELS = ["cash", "transfer", "wechat", "partner"] as const;
// Listed here: the contract brings its checker along, which has no business in a page.
const STATES: readonly OrderState[] = ["booked", "sent", "unknown", "confirmed", "refused", "stopped", "withdrawn"];
/** Names of the filter in the address and in the request alike. */
export const FILTER_NAMES = [
  "from",
  "to",
  "channel",
  "state",
  "operator",
  "areaId",
  "search",
  "meterId",
  "customerId",
] as const;
export type FilterName = (typeof FILTER_NAMES)[number];

type FilterProps = {
  values: URLSearchParams;
  onChange: (change: Partial<Record<FilterName, string>>) => void;
  operators: readonly string[];
};

/** Narrows the records: by day, channel, state, who took the money, area, and text. What is chosen stands in the address. */
export function RecordsFilter({ values, onChange, operators }: FilterProps) {
  const { t } = useTranslation();
  const areas = useQuery({ queryKey: deskKeys.areas, queryFn: getAreas, staleTime: 60_000 });
  const [text, setText] = useState(values.get("search") ?? "");
  const settled = useSettled(text.trim(), 300);
  const current = values.get("search") ?? "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed changes the address
  useEffect(() => {
    if (settled !== current) onChange({ search: settled });
  }, [settled]);
  const pick = (name: FilterName, label: string, options: readonly (readonly [value: string, text: string])[]) => (
    <label className="filter-field">
      <span>{label}</span>
      <select
        value={values.get(name) ?? ""}
        onChange={(event) => onChange({ [name]: event.target.value })}
        data-testid={`filter-${name}`}
      >
        <option value="">{t("recordsFilter.all")}</option>
        {options.map(([value, word]) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <search className="record-filters" aria-label={t("recordsFilter.title")}>
      {(["from", "to"] as const).map((name) => (
        <label key={name} className="filter-field">
          <span>{t(`recordsFilter.${name}`)}</span>
          <input
            type="date"
            value={values.get(name) ?? ""}
            onChange={(event) => onChange({ [name]: event.target.value })}
            data-testid={`filter-${name}`}
          />
        </label>
      ))}
      {pick(
        "channel",
        t("recharge.channel"),
        CHANNELS.map((each) => [each, t(`recharge.channels.${each}`)] as const),
      )}
      {pick(
        "state",
        t("records.state"),
        STATES.map((each) => [each, t(`recharge.state.${each}`)] as const),
      )}
      {pick(
        "operator",
        t("records.operator"),
        operators.map((each) => [each, each] as const),
      )}
      {pick(
        "areaId",
        t("recordsFilter.area"),
        (areas.data?.items ?? []).map((each) => [String(each.areaId), each.name] as const),
      )}
      <label className="filter-field record-filter-text" htmlFor="records-search">
        <span>{t("recordsFilter.search")}</span>
        <Input
          id="records-search"
          value={text}
          allowClear
          placeholder={t("recordsFilter.searchHint")}
          onChange={(event) => setText(event.target.value)}
          data-testid="filter-search"
        />
      </label>
      {FILTER_NAMES.some((name) => values.has(name)) ? (
        <Button
          onClick={() => {
            setText("");
            onChange(Object.fromEntries(FILTER_NAMES.map((name) => [name, ""])));
          }}
          data-testid="records-every"
        >
          {t("records.every")}
        </Button>
      ) : null}
    </search>
  );
}
