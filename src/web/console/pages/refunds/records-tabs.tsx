import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

const tabs = { records: "/records", refunds: "/refunds" } as const;

/** Money in and money back are two lists of one kind; what is common to both filters goes along. */
export function RecordsTabs({ at, common }: { at: keyof typeof tabs; common: URLSearchParams }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <Segmented
      value={at}
      onChange={(next: keyof typeof tabs) => navigate(`${tabs[next]}?${common}`.replace(/\?$/, ""))}
      options={[
        { value: "records", label: t("refunds.records") },
        { value: "refunds", label: t("refunds.refunds") },
      ]}
      aria-label={t("refunds.tabs")}
      data-testid="records-tabs"
    />
  );
}

/** What a filter of recharges and one of refunds have in common; `meterId` when the address names the meter otherwise. */
export function commonFilter(filter: URLSearchParams, meterId: number | null): URLSearchParams {
  const common = new URLSearchParams();
  for (const name of ["from", "to", "operator", "areaId", "search", "meterId", "customerId"]) {
    const value = filter.get(name) ?? "";
    if (value !== "") common.set(name, value);
  }
  if (meterId !== null) common.set("meterId", String(meterId));
  return common;
}
