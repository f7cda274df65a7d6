import { useMutation } from "@tanstack/react-query";
import { Button, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatMoney, money, parseMoney } from "#base/units.ts";
import type { ChangeContent, WhatIf, WhatIfLine } from "#contract/prices.ts";
import { postWhatIf } from "#web/shared/api-prices.ts";
import { units, yuan } from "#web/shared/format.ts";
import { FailedLine } from "../../notice.tsx";
import { lastMonth } from "./clock-text.ts";

/** What a past month would have cost each meter under the prices as they are typed now, and which meters that are. */
export function WhatIfTable({ what, kind }: { what: ChangeContent; kind: "electricity" | "water" }) {
  const { t } = useTranslation();
  const [month, setMonth] = useState(() => lastMonth(Date.now()));
  const [pages, setPages] = useState<readonly WhatIf[]>([]);
  const load = useMutation({
    meta: { keepsTyped: true },
    mutationFn: (after: number) => postWhatIf({ what, month, after }),
    onSuccess: (page, after) => setPages((before) => (after === 0 ? [page] : [...before, page])),
  });
  const last = pages.at(-1);
  const items = pages.flatMap((page) => page.items);
  const known = items.filter((item) => item.difference !== null);
  return (
    <section className="what-if" aria-label={t("prices.whatIf")}>
      <div className="what-if-head">
        <h3>{t("prices.whatIf")}</h3>
        <Input
          type="month"
          value={month}
          aria-label={t("prices.month")}
          onChange={(event) => setMonth(event.target.value)}
          data-testid="what-if-month"
        />
        <Button onClick={() => load.mutate(0)} aria-busy={load.isPending} data-testid="what-if-run">
          {t("prices.whatIfRun")}
        </Button>
      </div>
      <p className="muted">{t("prices.whatIfLead")}</p>
      {load.error ? <FailedLine error={load.error} testId="what-if-problem" /> : null}
      {last === undefined ? null : (
        <>
          <p role="status" data-testid="what-if-total">
            {t("prices.concerned", { count: last.total, shown: items.length })}
          </p>
          <div className="panel table-box">
            <table className="table" data-testid="what-if">
              <thead>
                <tr>
                  <th scope="col">{t("prices.room")}</th>
                  <th scope="col">{t("prices.meter")}</th>
                  <th scope="col" className="col-number">{`${t("prices.usage")} (${t(`unit.${kind}`)})`}</th>
                  <th scope="col" className="col-number">{`${t("prices.was")} (${t("unit.yuan")})`}</th>
                  <th scope="col" className="col-number">{`${t("prices.would")} (${t("unit.yuan")})`}</th>
                  <th scope="col" className="col-number">{`${t("prices.difference")} (${t("unit.yuan")})`}</th>
                </tr>
              </thead>
              <tbody>
                {items.map((item) => (
                  <Line key={item.meterId} item={item} />
                ))}
              </tbody>
              <tfoot>
                <tr>
                  <th scope="row" colSpan={3}>
                    {t("prices.sum", { count: known.length })}
                  </th>
                  <td className="col-number">{yuan(total(known.map((item) => item.was)))}</td>
                  <td className="col-number">{yuan(total(known.map((item) => item.would)))}</td>
                  <td className="col-number">{yuan(total(known.map((item) => item.difference)))}</td>
                </tr>
              </tfoot>
            </table>
          </div>
          {last.next === null ? null : (
            <Button onClick={() => load.mutate(last.next ?? 0)} aria-busy={load.isPending}>
              {t("prices.more")}
            </Button>
          )}
        </>
      )}
    </section>
  );
}

function Line({ item }: { item: WhatIfLine }) {
  const { t } = useTranslation();
  return (
    <tr data-testid={`what-if-${item.number}`}>
      <td>{item.label}</td>
      <td>{item.number}</td>
      <td className="col-number">
        {item.usageWh === null ? <small>{t("prices.noReadings")}</small> : units(item.usageWh)}
        {item.estimated ? <small title={t("prices.estimatedLead")}> {t("prices.estimated")}</small> : null}
      </td>
      <td className="col-number">{yuan(item.was)}</td>
      <td className="col-number">{yuan(item.would)}</td>
      <td className="col-number">{yuan(item.difference)}</td>
    </tr>
  );
}

function total(texts: readonly (string | null)[]): string {
  const sum = texts.reduce((all, text) => {
    const negative = text?.startsWith("-") ?? false;
    const value = parseMoney((text ?? "0").replace("-", ""), 4) ?? 0;
    return all + (negative ? -value : value);
  }, 0);
  return formatMoney(money(sum));
}
