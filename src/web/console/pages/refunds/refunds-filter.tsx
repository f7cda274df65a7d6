import { useQuery } from "@tanstack/react-query";
import { Button, Checkbox, Input } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Refund } from "#contract/refunds.ts";
import { deskKeys, getAreas } from "#web/shared/api-desk.ts";
import { useSettled } from "../../use-settled.ts";

// Listed here: the contract brings its checker along, which has no business in a page.
const KINDS: readonly Refund["kind"][] = ["units", "wallet", "balance", "move_out", "clear", "debt"];
const STATES: readonly Refund["state"][] = [
  "requested",
  "approved",
  "deducting",
  "confirmed",
  "paid",
  "done",
  "rejected",
  "withdrawn",
  "refused",
  "stopped",
];
const METHODS = ["cash", "transfer", "original"] as const;
/** Names of the filter in the address and in the request alike. */
export const REFUND_FILTER_NAMES = [
  "from",
  "to",
  "kind",
  "state",
  "method",
  "operator",
  "areaId",
  "search",
  "meterId",
  "customerId",
  "orderNo",
  "open",
] as const;
type FilterName = (typeof REFUND_FILTER_NAMES)[number];

type FilterProps = {
  values: URLSearchParams;
  onChange: (change: Partial<Record<FilterName, string>>) => void;
  operators: readonly string[];
};

/** Narrows the refunds: by day, kind, state, how it is paid, who asked, area and text. What is chosen stands in the address. */
export function RefundsFilter({ values, onChange, operators }: FilterProps) {
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
        "kind",
        t("refunds.filter.kind"),
        KINDS.map((each) => [each, t(`refunds.kind.${each}`)] as const),
      )}
      {pick(
        "state",
        t("refunds.stateWord"),
        STATES.map((each) => [each, t(`refunds.state.${each}`)] as const),
      )}
      {pick(
        "method",
        t("refunds.payBy"),
        METHODS.map((each) => [each, t(`refunds.method.${each}`)] as const),
      )}
      {pick(
        "operator",
        t("refunds.operator"),
        operators.map((each) => [each, each] as const),
      )}
      {pick(
        "areaId",
        t("recordsFilter.area"),
        (areas.data?.items ?? []).map((each) => [String(each.areaId), each.name] as const),
      )}
      <label className="filter-field record-filter-text" htmlFor="refunds-search">
        <span>{t("recordsFilter.search")}</span>
        <Input
          id="refunds-search"
          value={text}
          allowClear
          placeholder={t("recordsFilter.searchHint")}
          onChange={(event) => setText(event.target.value)}
          data-testid="filter-search"
        />
      </label>
      <Checkbox
        className="refund-open-only"
        checked={values.has("open")}
        onChange={(event) => onChange({ open: event.target.checked ? "1" : "" })}
        data-testid="filter-open"
      >
        {t("refunds.filter.open")}
      </Checkbox>
      {REFUND_FILTER_NAMES.some((name) => values.has(name)) ? (
        <Button
          onClick={() => {
            setText("");
            onChange(Object.fromEntries(REFUND_FILTER_NAMES.map((name) => [name, ""])));
          }}
          data-testid="refunds-every"
        >
          {t("records.every")}
        </Button>
      ) : null}
    </search>
  );
}
