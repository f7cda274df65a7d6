import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { TrialItem } from "#contract/trials.ts";
import { trialStates } from "#domain/trial.ts";
import { trialStateNames } from "#domain/trial-words.ts";
import { getTrials, trialKeys } from "#web/shared/api-trials.ts";
import { Can } from "#web/shared/can.tsx";
import { dateTime, MISSING } from "#web/shared/format.ts";
import { inLanguage } from "#web/shared/i18n.ts";
import { filterFrom, withFilter } from "../../address-filter.ts";
import { Empty } from "../../empty.tsx";
import { ExportButton } from "../../export-button.tsx";
import { FailedNotice, Loading } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";
import { useAddress } from "../../use-address.ts";
import { useTypedFilter } from "../../use-typed-filter.ts";
import { TrialTag } from "./trial-tag.tsx";
import "../records/records.css";
import "../reports/reports.css";
import "./trials.css";

const FILTER_NAMES = ["state", "result", "search"] as const;
const AGAIN_MS = 5_000;

/** Trial runs (试运行) that one sees as a whole, the newest first, page by page. */
export function TrialsPage() {
  const { t } = useTranslation();
  const [address, setAddress] = useAddress();
  const filter = filterFrom(address, FILTER_NAMES);
  const page = Number(address.get("page") ?? "1") || 1;
  const query = new URLSearchParams([...new URLSearchParams(filter), ["page", String(page)]]).toString();
  const found = useQuery({
    queryKey: trialKeys.list(query),
    queryFn: () => getTrials(query),
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
  });
  const change = (changed: Readonly<Record<string, string>>): void =>
    setAddress((before) => withFilter(before, { page: "", ...changed }));
  const list = found.data;
  return (
    <main className="page" id="main" tabIndex={-1}>
      <div className="page-head">
        <h1>{t("trials.title")}</h1>
        {list ? <small>{t("meter.asOf", { time: dateTime(list.asOf) })}</small> : null}
        <ExportButton path={`/api/trials/file?${filter}`} />
        <Can do="concentrator.manage">
          <Link className="link-button" to="/trials/new" data-testid="trial-new">
            {t("trials.begin")}
          </Link>
        </Can>
      </div>
      <p className="muted trial-lead">{t("trials.lead")}</p>
      <Filters address={address} onChange={change} />
      {list === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : list.total === 0 ? (
        <Empty
          title={t("trials.empty")}
          none={t("trials.none")}
          lead={t("trials.emptyLead")}
          narrowing={FILTER_NAMES}
          testId="trials-empty"
        />
      ) : (
        <>
          <TrialTable items={list.items} />
          <div className="records-more">
            <span className="muted" role="status" data-testid="trials-total" data-total={list.total}>
              {t("trials.total", { count: list.total, page: list.page, pages: list.pages })}
            </span>
            <Button disabled={page <= 1} onClick={() => change({ page: String(page - 1) })} data-testid="page-before">
              {t("trials.before")}
            </Button>
            <Button
              disabled={page >= list.pages}
              onClick={() => change({ page: String(page + 1) })}
              data-testid="page-after"
            >
              {t("trials.after")}
            </Button>
          </div>
        </>
      )}
    </main>
  );
}

function Filters(of: { address: URLSearchParams; onChange: (change: Readonly<Record<string, string>>) => void }) {
  const { t } = useTranslation();
  const { address, onChange } = of;
  const [text, setText] = useTypedFilter(address.get("search") ?? "", (search) => onChange({ search }));
  const picks = [
    {
      name: "state",
      label: t("trials.state"),
      options: trialStates.map((each) => [each, inLanguage(trialStateNames[each])] as const),
    },
    {
      name: "result",
      label: t("trials.result"),
      options: (["failed", "passed"] as const).map((each) => [each, t(`trials.results.${each}`)] as const),
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
            {[["", t("recordsFilter.all")] as const, ...options].map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </label>
      ))}
      <label className="filter-field record-filter-text" htmlFor="trials-search">
        <span>{t("recordsFilter.search")}</span>
        <Input
          id="trials-search"
          value={text}
          allowClear
          maxLength={64}
          onChange={(event) => setText(event.target.value)}
          data-testid="filter-search"
        />
      </label>
    </search>
  );
}

function TrialTable({ items }: { items: readonly TrialItem[] }) {
  const { t } = useTranslation();
  return (
    <SheetBox cards name="trials">
      <table className="sheet" data-testid="trials">
        <thead>
          <tr>
            <th className="first">{t("trials.no")}</th>
            <th data-stays="">{t("trials.state")}</th>
            <th>{t("trials.place")}</th>
            <th>{t("trials.counts")}</th>
            <th>{t("trials.by")}</th>
            <th>{t("trials.ended")}</th>
            <th>{t("trials.signedBy")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((each) => (
            <tr key={each.trialNo} data-testid={`trial-${each.trialNo}`}>
              <th scope="row" className="first">
                <Link to={`/trials/${each.trialNo}`}>{each.trialNo}</Link>
              </th>
              <td>
                <TrialTag state={each.state} />
              </td>
              <td>
                {each.placeKind === "meters" ? t("trials.chosen") : each.placeName}
                <small>{each.project}</small>
              </td>
              <td>
                {t("trials.of", { count: each.meters })}
                <small>
                  {t("trials.passed", { count: each.passed })} ·{" "}
                  <span className={each.failed > 0 ? "bad-text" : ""}>
                    {t("trials.failed", { count: each.failed })}
                  </span>
                </small>
              </td>
              <td>
                {each.createdName}
                <small>{dateTime(each.createdAt)}</small>
              </td>
              <td>{dateTime(each.endedAt)}</td>
              <td>
                {each.signed === null ? (
                  MISSING
                ) : (
                  <>
                    {each.signed.name}
                    <small>{dateTime(each.signed.at)}</small>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </SheetBox>
  );
}
