import { Checkbox } from "antd";
import { useTranslation } from "react-i18next";
import type { Refund } from "#contract/refunds.ts";
import { ListFilter } from "../records/list-filter.tsx";

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

/** Narrows the refunds: by day, kind, state, how it is paid, who asked, area and text. */
export function RefundsFilter({ values, onChange, operators }: FilterProps) {
  const { t } = useTranslation();
  return (
    <ListFilter
      id="refunds"
      names={REFUND_FILTER_NAMES}
      values={values}
      onChange={onChange}
      picks={[
        {
          name: "kind",
          label: t("refunds.filter.kind"),
          options: KINDS.map((each) => [each, t(`refunds.kind.${each}`)] as const),
        },
        {
          name: "state",
          label: t("refunds.stateWord"),
          options: STATES.map((each) => [each, t(`refunds.state.${each}`)] as const),
        },
        {
          name: "method",
          label: t("refunds.payBy"),
          options: METHODS.map((each) => [each, t(`refunds.method.${each}`)] as const),
        },
        { name: "operator", label: t("refunds.operator"), options: operators.map((each) => [each, each] as const) },
      ]}
    >
      <Checkbox
        className="refund-open-only"
        checked={values.has("open")}
        onChange={(event) => onChange({ open: event.target.checked ? "1" : "" })}
        data-testid="filter-open"
      >
        {t("refunds.filter.open")}
      </Checkbox>
    </ListFilter>
  );
}
