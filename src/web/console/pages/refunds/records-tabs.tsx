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
      onChange={(next: keyof typeof tabs) => navigate(`${tabs[next]}?${kept(common)}`.replace(/\?$/, ""))}
      options={[
        { value: "records", label: t("refunds.records") },
        { value: "refunds", label: t("refunds.refunds") },
      ]}
      aria-label={t("refunds.tabs")}
      data-testid="records-tabs"
    />
  );
}

function kept(filter: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams();
  for (const name of ["from", "to", "operator", "areaId", "search", "meterId", "customerId"]) {
    const value = filter.get(name);
    if (value !== null) next.set(name, value);
  }
  return next;
}
