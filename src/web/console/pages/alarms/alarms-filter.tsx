import { useQuery } from "@tanstack/react-query";
import { Input } from "antd";
import { useTranslation } from "react-i18next";
import { alarmFindings, alarmKinds, alarmLevels } from "#domain/alarm.ts";
import { deskKeys, getAreas } from "#web/shared/api-desk.ts";
import { useTypedFilter } from "../../use-typed-filter.ts";

type Option = readonly [value: string, text: string];

/** Narrows and orders the alarms; everything stands in the address. Open ones are shown unless something else is chosen. */
export function AlarmsFilter({
  address,
  onChange,
}: {
  address: URLSearchParams;
  onChange: (change: Readonly<Record<string, string>>) => void;
}) {
  const { t } = useTranslation();
  const areas = useQuery({ queryKey: deskKeys.areas, queryFn: getAreas, staleTime: 60_000 });
  const [text, setText] = useTypedFilter(address.get("search") ?? "", (search) => onChange({ search }));
  const all: Option = ["", t("recordsFilter.all")];
  const picks: { name: string; label: string; options: readonly Option[] }[] = [
    {
      name: "state",
      label: t("alarms.state"),
      options: [
        ["", t("alarms.states.open")],
        ["closed", t("alarms.states.closed")],
        ["all", t("recordsFilter.all")],
      ],
    },
    {
      name: "acknowledged",
      label: t("alarms.ack"),
      options: [all, ...(["no", "yes"] as const).map((each) => [each, t(`alarms.acks.${each}`)] as const)],
    },
    {
      name: "kind",
      label: t("alarms.kind"),
      options: [all, ...alarmKinds.map((each) => [each, t(`alarms.kinds.${each}`)] as const)],
    },
    {
      name: "level",
      label: t("alarms.level"),
      options: [all, ...alarmLevels.map((each) => [each, t(`alarms.levels.${each}`)] as const)],
    },
    {
      name: "finding",
      label: t("alarms.finding"),
      options: [
        all,
        ...([...alarmFindings, "none"] as const).map((each) => [each, t(`alarms.findings.${each}`)] as const),
      ],
    },
    {
      name: "areaId",
      label: t("alarms.area"),
      options: [all, ...(areas.data?.items ?? []).map((each) => [String(each.areaId), each.name] as const)],
    },
    {
      name: "sort",
      label: t("alarms.sort"),
      options: [
        ["", t("alarms.sorts.newest")],
        ...(["oldest", "longest", "room"] as const).map((each) => [each, t(`alarms.sorts.${each}`)] as const),
      ],
    },
  ];
  return (
    <search className="record-filters" aria-label={t("recordsFilter.title")}>
      {picks.map(({ name, label, options }) => (
        <label key={name} className="filter-field">
          <span>{label}</span>
          <select
            value={address.get(name) ?? ""}
            onChange={(event) => onChange({ [name]: event.target.value })}
            data-testid={`filter-${name}`}
          >
            {options.map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </label>
      ))}
      <label className="filter-field record-filter-text" htmlFor="alarms-search">
        <span>{t("recordsFilter.search")}</span>
        <Input
          id="alarms-search"
          value={text}
          allowClear
          maxLength={64}
          placeholder={t("reports.searchHint")}
          onChange={(event) => setText(event.target.value)}
          data-testid="filter-search"
        />
      </label>
    </search>
  );
}
