import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { deskKeys, getAreas } from "#web/shared/api-desk.ts";
import type { Asked } from "#web/shared/api-reports.ts";
import { useAddress } from "../../use-address.ts";
import { useTypedFilter } from "../../use-typed-filter.ts";

/** The filter of a report; it stands in the address, so that a link says what it shows. */
export function useReportFilter(defaults: Asked): { asked: Asked; change: (to: Asked) => void } {
  const [search, setSearch] = useAddress();
  const asked = { ...defaults, ...Object.fromEntries(search) };
  const change = (to: Asked): void => {
    setSearch((now) => {
      const next = { ...Object.fromEntries(now), ...to };
      return Object.fromEntries(Object.entries(next).filter(([name, value]) => value !== (defaults[name] ?? "")));
    });
  };
  return { asked, change };
}

type FilterProps = {
  asked: Asked;
  change: (to: Asked) => void;
  /** Both kinds at once may be shown. */
  allKinds?: boolean;
  withKind?: boolean;
  withArea?: boolean;
  withSearch?: boolean;
  children?: ReactNode;
};

/** Kind, area and text; what a report has besides comes as children. */
export function ReportFilter({
  asked,
  change,
  allKinds = false,
  withKind = true,
  withArea = true,
  withSearch = true,
  children,
}: FilterProps) {
  const { t } = useTranslation();
  const areas = useQuery({ queryKey: deskKeys.areas, queryFn: getAreas, staleTime: 60_000 });
  const [text, setText] = useTypedFilter(asked.search ?? "", (search) => change({ search }));
  return (
    <search className="record-filters" aria-label={t("reports.filter")}>
      {children}
      {withKind ? (
        <label className="filter-field">
          <span>{t("reports.kind")}</span>
          <select
            value={asked.kind ?? ""}
            onChange={(event) => change({ kind: event.target.value })}
            data-testid="filter-kind"
          >
            {allKinds ? <option value="">{t("reports.allKinds")}</option> : null}
            {(["electricity", "water"] as const).map((kind) => (
              <option key={kind} value={kind}>
                {t(`reports.kinds.${kind}`)}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {withArea ? (
        <label className="filter-field">
          <span>{t("reports.area")}</span>
          <select
            value={asked.areaId ?? ""}
            onChange={(event) => change({ areaId: event.target.value })}
            data-testid="filter-area"
          >
            <option value="">{t("reports.allAreas")}</option>
            {(areas.data?.items ?? []).map((area) => (
              <option key={area.areaId} value={String(area.areaId)}>
                {area.name}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {withSearch ? (
        <label className="filter-field record-filter-text" htmlFor="report-search">
          <span>{t("reports.search")}</span>
          <Input
            id="report-search"
            value={text}
            allowClear
            placeholder={t("reports.searchHint")}
            onChange={(event) => setText(event.target.value)}
            data-testid="filter-search"
          />
        </label>
      ) : null}
    </search>
  );
}

type ChoiceProps = {
  name: string;
  label: string;
  /** Values with what they are called. */
  options: readonly (readonly [value: string, text: string])[];
  asked: Asked;
  change: (to: Asked) => void;
};

/** One of a few ways in which a report can be asked for. */
export function ReportChoice({ name, label, options, asked, change }: ChoiceProps) {
  return (
    <label className="filter-field">
      <span>{label}</span>
      <select
        value={asked[name]}
        onChange={(event) => change({ [name]: event.target.value })}
        data-testid={`filter-${name}`}
      >
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

type StepperProps = {
  label: string;
  type: "date" | "month";
  value: string;
  max: string;
  step: (by: number) => string;
  names: readonly [before: string, after: string];
  onChange: (value: string) => void;
};

/** A day or month with the one before and the one after at hand. */
export function Stepper({ label, type, value, max, step, names, onChange }: StepperProps) {
  const next = step(1);
  return (
    <div className="stepper">
      <Button onClick={() => onChange(step(-1))} aria-label={names[0]} data-testid="period-before">
        ‹
      </Button>
      <label className="filter-field">
        <span>{label}</span>
        <input
          type={type}
          value={value}
          max={max}
          onChange={(event) => event.target.value !== "" && onChange(event.target.value)}
          data-testid="period"
        />
      </label>
      <Button onClick={() => onChange(next)} disabled={next > max} aria-label={names[1]} data-testid="period-after">
        ›
      </Button>
    </div>
  );
}
