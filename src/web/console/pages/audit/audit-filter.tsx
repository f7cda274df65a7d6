import { Button, Input } from "antd";
import { useTranslation } from "react-i18next";
import type { AuditSummary } from "#contract/audit.ts";
import { useTypedFilter } from "../../use-typed-filter.ts";
import { actionWord, kindWord } from "./audit-words.ts";

/** Names of the filter in the address and in the request alike. */
export const AUDIT_FILTER_NAMES = ["from", "to", "who", "action", "object", "search"] as const;
type FilterName = (typeof AUDIT_FILTER_NAMES)[number];

type FilterProps = {
  values: URLSearchParams;
  onChange: (change: Partial<Record<FilterName, string>>) => void;
  /** Null while it is not known who and what there is. */
  choices: Pick<AuditSummary, "actors" | "actions" | "kinds"> | null;
};

/** Narrows the audit: by day, who, what was done, to what, and text. */
export function AuditFilterBar({ values, onChange, choices }: FilterProps) {
  const { t } = useTranslation();
  const picks = [
    { name: "who", options: (choices?.actors ?? []).map((each) => [each, each] as const) },
    { name: "action", options: (choices?.actions ?? []).map((each) => [each, actionWord(each)] as const) },
  ] as const;
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
      {picks.map(({ name, options }) => (
        <label key={name} className="filter-field">
          <span>{t(`audit.filter.${name}`)}</span>
          <select
            value={values.get(name) ?? ""}
            onChange={(event) => onChange({ [name]: event.target.value })}
            data-testid={`filter-${name}`}
          >
            <option value="">{t("recordsFilter.all")}</option>
            {withChosen(options, values.get(name)).map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </label>
      ))}
      <ObjectField
        value={values.get("object") ?? ""}
        kinds={choices?.kinds ?? []}
        onChange={(object) => onChange({ object })}
      />
      <TextField value={values.get("search") ?? ""} onChange={(search) => onChange({ search })} />
      {AUDIT_FILTER_NAMES.some((name) => values.has(name)) ? (
        <Button
          onClick={() => onChange(Object.fromEntries(AUDIT_FILTER_NAMES.map((name) => [name, ""])))}
          data-testid="audit-every"
        >
          {t("records.every")}
        </Button>
      ) : null}
    </search>
  );
}

/** What is chosen by an address stays to be seen, although nobody has done it lately. */
function withChosen(options: readonly (readonly [string, string])[], chosen: string | null) {
  return chosen === null || options.some(([value]) => value === chosen)
    ? options
    : [[chosen, chosen] as const, ...options];
}

/** A kind of thing, or one thing by its name: `meter:12`. */
function ObjectField(props: { value: string; kinds: readonly string[]; onChange: (object: string) => void }) {
  const { t } = useTranslation();
  const [kind = "", ...rest] = props.value.split(":");
  const kinds = kind === "" || props.kinds.includes(kind) ? props.kinds : [kind, ...props.kinds];
  const say = (nextKind: string, nextId: string): void =>
    props.onChange(nextKind === "" || nextId === "" ? nextKind : `${nextKind}:${nextId}`);
  const [id, setId] = useTypedFilter(rest.join(":"), (typed) => say(kind, typed));
  return (
    <>
      <label className="filter-field">
        <span>{t("audit.filter.object")}</span>
        <select value={kind} onChange={(event) => say(event.target.value, "")} data-testid="filter-object">
          <option value="">{t("recordsFilter.all")}</option>
          {kinds.map((each) => (
            <option key={each} value={each}>
              {kindWord(each)}
            </option>
          ))}
        </select>
      </label>
      {kind === "" ? null : (
        <label className="filter-field" htmlFor="audit-object-id">
          <span>{t("audit.filter.objectId")}</span>
          <Input
            id="audit-object-id"
            value={id}
            allowClear
            onChange={(event) => setId(event.target.value)}
            data-testid="filter-object-id"
          />
        </label>
      )}
    </>
  );
}

function TextField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useTypedFilter(value, onChange);
  return (
    <label className="filter-field record-filter-text" htmlFor="audit-search">
      <span>{t("recordsFilter.search")}</span>
      <Input
        id="audit-search"
        value={text}
        allowClear
        placeholder={t("audit.filter.searchHint")}
        onChange={(event) => setText(event.target.value)}
        data-testid="filter-search"
      />
    </label>
  );
}
