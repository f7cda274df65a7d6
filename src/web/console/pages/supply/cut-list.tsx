import { useQuery } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { addDays, dayOf, instant } from "#base/time.ts";
import type { CutLine } from "#contract/supply.ts";
import { getCutPreview, supplyKeys } from "#web/shared/api-supply.ts";
import { dateTime, units, yuan } from "#web/shared/format.ts";
import { FailedNotice, Loading, Notice } from "../../notice.tsx";
import { instantOf } from "../prices/clock-text.ts";

/** Who would be cut off at an hour that lies ahead (断电预览), and who is spared by what. */
export function CutList() {
  const { t } = useTranslation();
  const [day, setDay] = useState<string>(() => addDays(dayOf(instant(Date.now())), 1));
  const [time, setTime] = useState("09:00");
  const at = instantOf(day, time);
  const preview = useQuery({
    queryKey: supplyKeys.cuts(at ?? 0),
    queryFn: () => getCutPreview(at ?? 0),
    enabled: at !== null,
  });
  const items = preview.data?.items ?? [];
  const cut = items.filter((line) => line.hold === null).length;
  return (
    <>
      <div className="price-filter">
        <Input type="date" value={day} aria-label={t("supply.day")} onChange={(event) => setDay(event.target.value)} />
        <Input
          value={time}
          aria-label={t("supply.time")}
          onChange={(event) => setTime(event.target.value)}
          data-testid="cut-time"
        />
        <Button onClick={() => void preview.refetch()}>{t("supply.refresh")}</Button>
      </div>
      <p className="muted">{t("supply.cutLead")}</p>
      {at === null ? (
        <p className="banner banner-error" role="alert">
          {t("prices.badTime")}
        </p>
      ) : preview.data === undefined ? (
        preview.error ? (
          <FailedNotice error={preview.error} retry={() => void preview.refetch()} />
        ) : (
          <Loading rows={8} />
        )
      ) : items.length === 0 ? (
        <Notice title={t("supply.nobody")} lead={t("supply.nobodyLead", { time: dateTime(at) })} testId="cuts-empty" />
      ) : (
        <>
          <p role="status" data-testid="cuts-count" data-cut={cut}>
            <b>{t("supply.count", { count: cut, time: dateTime(at) })}</b>{" "}
            {t("supply.spared", { count: items.length - cut })}{" "}
            <small>{t("meter.asOf", { time: dateTime(preview.data.asOf) })}</small>
          </p>
          <CutTable items={items} />
          {preview.data.more ? <p className="muted">{t("supply.more")}</p> : null}
        </>
      )}
    </>
  );
}

function CutTable({ items }: { items: readonly CutLine[] }) {
  const { t } = useTranslation();
  const columns = ["room", "customer", "area", "why", "left", "expected", "outcome"] as const;
  return (
    <div className="panel table-box">
      <table className="table" data-testid="cuts">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {t(`supply.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((line) => (
            <tr key={line.meterId} data-testid={`cut-${line.number}`} data-hold={line.hold ?? "none"}>
              <td>{line.label}</td>
              <td>{line.customer ?? t("meter.missing")}</td>
              <td>{line.areaName}</td>
              <td>{t(`supply.reason.${line.why}`)}</td>
              <td data-label={t("supply.left")}>
                {line.balance === null
                  ? `${units(line.remainingWh)} ${t(`unit.${line.kind}`)}`
                  : `${yuan(line.balance)} ${t("unit.yuan")}`}
              </td>
              <td data-label={t("supply.expected")}>
                {line.expected === null ? t("meter.missing") : `${yuan(line.expected)} ${t("unit.yuan")}`}
              </td>
              <td>
                {line.hold === null ? (
                  <span className="tag tag-bad">
                    {t(line.creditAt === "meter" ? "supply.byItself" : "supply.willCut")}
                  </span>
                ) : (
                  <span className="tag tag-good">
                    {t(`supply.hold.${line.hold}`)}
                    {line.holdUntil === null ? "" : ` ${t("supply.holdUntil", { time: dateTime(line.holdUntil) })}`}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
