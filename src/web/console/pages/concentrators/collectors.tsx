import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { collectionKeys, getCollectors } from "#web/shared/api-collection.ts";
import { dateTime, shortTime } from "#web/shared/format.ts";
import { FailedNotice, Loading } from "../../notice.tsx";
import { SheetBox } from "../../sheet-box.tsx";

const POLL_MS = 5_000;

/** Collectors at work (前置机): since when, how many concentrators each holds, how late its loop is. */
export function CollectorTable() {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: collectionKeys.collectors, queryFn: getCollectors, refetchInterval: POLL_MS });
  return (
    <section className="archive-part" aria-label={t("collectors.title")}>
      <h2>{t("collectors.title")}</h2>
      {found.data === undefined ? (
        found.error ? (
          <FailedNotice error={found.error} retry={() => void found.refetch()} />
        ) : (
          <Loading rows={2} />
        )
      ) : found.data.items.length === 0 ? (
        <p className="empty-line">{t("collectors.empty")}</p>
      ) : (
        <SheetBox cards>
          <table className="sheet" data-testid="collectors">
            <thead>
              <tr>
                <th className="first">{t("collectors.name")}</th>
                <th>{t("collectors.state")}</th>
                <th>{t("collectors.since")}</th>
                <th>{t("collectors.seen")}</th>
                <th className="num">{t("collectors.sessions")}</th>
                <th className="num">{t("collectors.leases")}</th>
                <th className="num">{t("collectors.waiting")}</th>
                <th className="num">{t("collectors.lag")}</th>
              </tr>
            </thead>
            <tbody>
              {found.data.items.map((each) => (
                <tr key={each.name}>
                  <th scope="row" className="first">
                    {each.name}
                  </th>
                  <td>
                    <span className={`link-mark link-${each.isUp ? "online" : "offline"}`}>
                      {t(each.isUp ? "collectors.up" : "collectors.gone")}
                    </span>
                  </td>
                  <td>{dateTime(each.startedAt)}</td>
                  <td>{shortTime(each.seenAt, found.data.asOf)}</td>
                  <td className="num">{each.sessions}</td>
                  <td className="num">{each.leases}</td>
                  <td className="num">{each.readingsWaiting}</td>
                  <td className="num">{each.lagMs} ms</td>
                </tr>
              ))}
            </tbody>
          </table>
        </SheetBox>
      )}
    </section>
  );
}
