import { useTranslation } from "react-i18next";
import type { OrderState } from "#contract/money.ts";
import { ListFilter } from "./list-filter.tsx";

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

/** Narrows the records: by day, channel, state, who took the money, area, and text. */
export function RecordsFilter({ values, onChange, operators }: FilterProps) {
  const { t } = useTranslation();
  return (
    <ListFilter
      id="records"
      names={FILTER_NAMES}
      values={values}
      onChange={onChange}
      picks={[
        {
          name: "channel",
          label: t("recharge.channel"),
          options: CHANNELS.map((each) => [each, t(`recharge.channels.${each}`)] as const),
        },
        {
          name: "state",
          label: t("records.state"),
          options: STATES.map((each) => [each, t(`recharge.state.${each}`)] as const),
        },
        { name: "operator", label: t("records.operator"), options: operators.map((each) => [each, each] as const) },
      ]}
    />
  );
}
