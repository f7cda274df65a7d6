import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { deskKeys, getAreas } from "#web/shared/api-desk.ts";
import { useTypedFilter } from "../../use-typed-filter.ts";

/** A choice of a filter: its name in the address, what it is called, and what can be chosen. */
export type Choice<Name extends string> = {
  name: Name;
  label: string;
  options: readonly (readonly [value: string, text: string])[];
};

type ListFilterProps<Name extends string> = {
  /** Names of the filter in the address and in the request alike. */
  names: readonly Name[];
  values: URLSearchParams;
  onChange: (change: Partial<Record<Name, string>>) => void;
  /** Between the days and the area. */
  picks: readonly Choice<Name>[];
  /** Start of the ids. */
  id: string;
  children?: ReactNode;
};

/** What a list has in common to be narrowed by: days, choices, area, text, and the way back to everything. It all stands in the address. */
export function ListFilter<Name extends string>({
  names,
  values,
  onChange,
  picks,
  id,
  children,
}: ListFilterProps<Name | "from" | "to" | "areaId" | "search">) {
  const { t } = useTranslation();
  const areas = useQuery({ queryKey: deskKeys.areas, queryFn: getAreas, staleTime: 60_000 });
  const change = (name: string, value: string) => onChange({ [name]: value } as Parameters<typeof onChange>[0]);
  const [text, setText] = useTypedFilter(values.get("search") ?? "", (typed) => change("search", typed));
  const inAreas = (areas.data?.items ?? []).map((each) => [String(each.areaId), each.name] as const);
  const all = [...picks, { name: "areaId", label: t("recordsFilter.area"), options: inAreas }];
  return (
    <search className="record-filters" aria-label={t("recordsFilter.title")}>
      {(["from", "to"] as const).map((name) => (
        <label key={name} className="filter-field">
          <span>{t(`recordsFilter.${name}`)}</span>
          <input
            type="date"
            value={values.get(name) ?? ""}
            onChange={(event) => change(name, event.target.value)}
            data-testid={`filter-${name}`}
          />
        </label>
      ))}
      {all.map(({ name, label, options }) => (
        <label key={name} className="filter-field">
          <span>{label}</span>
          <select
            value={values.get(name) ?? ""}
            onChange={(event) => change(name, event.target.value)}
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
      ))}
      <label className="filter-field record-filter-text" htmlFor={`${id}-search`}>
        <span>{t("recordsFilter.search")}</span>
        <Input
          id={`${id}-search`}
          value={text}
          allowClear
          placeholder={t("recordsFilter.searchHint")}
          onChange={(event) => setText(event.target.value)}
          data-testid="filter-search"
        />
      </label>
      {children}
      {names.some((name) => values.has(name)) ? (
        <Button
          onClick={() => {
            setText("");
            onChange(Object.fromEntries(names.map((name) => [name, ""])) as Parameters<typeof onChange>[0]);
          }}
          data-testid={`${id}-every`}
        >
          {t("records.every")}
        </Button>
      ) : null}
    </search>
  );
}
