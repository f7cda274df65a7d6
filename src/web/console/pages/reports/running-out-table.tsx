import { Checkbox } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { RunningOutReport, RunningOutRow } from "#contract/running-out.ts";
import type { RunOutState } from "#domain/running-out.ts";
import { useCan, useNoPrice } from "#web/shared/can.tsx";
import { MISSING, shortTime, units, yuanShort } from "#web/shared/format.ts";
import { SheetBox } from "../../sheet-box.tsx";
import { useNarrow } from "../../use-narrow.ts";

type Props = {
  first: RunningOutReport;
  items: readonly RunningOutRow[];
  /** What is ticked, also on other pages; null for who may not note anything. */
  chosen: ReadonlyMap<number, RunningOutRow> | null;
  onChoose: (chosen: ReadonlyMap<number, RunningOutRow>) => void;
};

const tones: Readonly<Record<RunOutState, string>> = {
  off: "tag-bad",
  arrears: "tag-bad",
  empty: "tag-bad",
  unread: "",
  unknown: "",
  unused: "",
  lasts: "tag-warn",
};

/** Accounts as rows: who, where, what is left as of when, how long it lasts, and when he was last told. The sum is of the whole list. */
export function RunningOutTable({ first, items, chosen, onChoose }: Props) {
  const { t } = useTranslation();
  const isAll = items.length > 0 && items.every((each) => chosen?.has(each.meterId));
  const choose = (which: readonly RunningOutRow[], on: boolean): void => {
    const next = new Map(chosen ?? []);
    for (const each of which) {
      if (on) next.set(each.meterId, each);
      else next.delete(each.meterId);
    }
    onChoose(next);
  };
  return (
    <SheetBox cards name="running-out">
      <table className="sheet" data-testid="running-out">
        <thead>
          <tr>
            <th className="first">
              {chosen === null ? null : (
                <Checkbox
                  className="running-out-tick"
                  checked={isAll}
                  onChange={(event) => choose(items, event.target.checked)}
                  aria-label={t("runningOut.chooseAll")}
                  data-testid="choose-all"
                />
              )}
              {t("runningOut.customer")}
            </th>
            <th className="num">{t("runningOut.days")}</th>
            <th data-stays="">{t("runningOut.state")}</th>
            <th>{t("runningOut.room")}</th>
            <th className="num">{t("runningOut.left")}</th>
            <th className="num">{t("runningOut.use")}</th>
            <th>{t("runningOut.recharge")}</th>
            <th>{t("runningOut.told")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((row) => (
            <tr key={row.meterId} data-testid={`out-${row.meterId}`} data-state={row.state}>
              <th scope="row" className="first">
                {chosen === null ? null : (
                  <Checkbox
                    className="running-out-tick"
                    checked={chosen.has(row.meterId)}
                    onChange={(event) => choose([row], event.target.checked)}
                    aria-label={t("runningOut.choose", { name: `${row.customer} ${row.meters[0]?.label ?? ""}` })}
                    data-testid={`choose-${row.meterId}`}
                  />
                )}
                <Link to={`/customers/${row.customerId}`}>{row.customer}</Link>
                <small>
                  <Phone number={row.phone} />
                </small>
              </th>
              <Cells row={row} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" className="first" data-testid="sum-customers" data-count={first.customers}>
              {t("runningOut.sum", { count: first.customers })}
            </th>
            <td colSpan={3} />
            <td className="num" data-testid="sum-left" data-yuan={first.leftYuan}>
              {`${yuanShort(first.leftYuan)} ${t("unit.yuan")}`}
            </td>
            <td colSpan={3} />
          </tr>
        </tfoot>
      </table>
    </SheetBox>
  );
}

function Cells({ row }: { row: RunningOutRow }) {
  const { t } = useTranslation();
  const now = Date.now();
  const inYuan = (text: string) => `${yuanShort(text)} ${t("unit.yuan")}`;
  const kind = row.meters[0]?.kind ?? "electricity";
  const inUnits = (wh: number) => `${units(wh)} ${t(`unit.${kind}`)}`;
  return (
    <>
      <td className="num" data-testid="days-left" data-tenths={row.daysLeftTenths ?? ""}>
        {row.daysLeftTenths === null ? MISSING : t("runningOut.inDays", { days: (row.daysLeftTenths / 10).toFixed(1) })}
        {row.daysLeftTenths !== null && row.daysLeftTenths > 0 && row.runsOutOn !== null ? (
          <small>{t("runningOut.on", { day: row.runsOutOn })}</small>
        ) : null}
      </td>
      <td>
        <span className={`tag ${tones[row.state]}`}>{t(`runningOut.states.${row.state}`)}</span>
        {row.elsewhere ? <small>{t("runningOut.elsewhere")}</small> : null}
      </td>
      <td>
        {[...new Set(row.meters.map(({ label }) => label))].join(t("app.and"))}
        <small>
          {row.meters.length === 1
            ? `${t(`kind.${kind}`)} ${row.meters[0]?.number ?? ""}`
            : t("runningOut.ofMeters", { count: row.meters.length })}
        </small>
      </td>
      <td className="num" data-testid="left">
        {row.leftWh === null ? (row.leftYuan === null ? MISSING : inYuan(row.leftYuan)) : inUnits(row.leftWh)}
        {row.leftWh === null || row.leftYuan === null ? null : <small>{`≈ ${inYuan(row.leftYuan)}`}</small>}
        <small>{t("meter.asOf", { time: shortTime(row.leftAt, now) })}</small>
      </td>
      <td className="num" data-testid="use">
        <Use row={row} />
      </td>
      <td>
        <Recharged row={row} now={now} />
      </td>
      <td data-testid="told">
        {row.told === null ? (
          MISSING
        ) : (
          <>
            {`${shortTime(row.told.at, now)} ${row.told.by}`}
            <small>{row.told.note}</small>
          </>
        )}
      </td>
    </>
  );
}

/** What is used a day, and on how many known days that rests; that nothing is known is said. */
function Use({ row }: { row: RunningOutRow }) {
  const { t } = useTranslation();
  const noPrice = useNoPrice();
  const isKnown = row.costPerDay !== null || (noPrice !== MISSING && row.useDays > 0 && !row.elsewhere);
  if (!isKnown) return <span>{row.elsewhere ? MISSING : t("runningOut.states.unknown")}</span>;
  const cost = `${row.costPerDay === null ? noPrice : yuanShort(row.costPerDay)} ${t("unit.yuan")}`;
  const kind = row.meters[0]?.kind ?? "electricity";
  return (
    <>
      {row.usePerDayWh === null ? cost : `${units(row.usePerDayWh)} ${t(`unit.${kind}`)}`}
      {row.usePerDayWh === null ? null : <small>{`≈ ${cost}`}</small>}
      <small>{t("runningOut.knownDays", { count: row.useDays })}</small>
    </>
  );
}

function Recharged({ row, now }: { row: RunningOutRow; now: number }) {
  const { t } = useTranslation();
  const seesOrders = useCan("recharge.view");
  const sells = useCan("recharge.create");
  const amount = row.lastRecharge === null ? "" : `${yuanShort(row.lastRecharge.amount)} ${t("unit.yuan")}`;
  return (
    <>
      {row.lastRecharge === null ? (
        MISSING
      ) : seesOrders ? (
        <Link to={`/records/${row.lastRecharge.orderNo}`}>{amount}</Link>
      ) : (
        amount
      )}
      <small>
        {row.lastRecharge === null ? "" : `${shortTime(row.lastRecharge.at, now)} `}
        {sells ? <Link to={`/recharge?meter=${row.meterId}`}>{t("meter.recharge")}</Link> : null}
      </small>
    </>
  );
}

/** On a phone a touch calls. */
function Phone({ number }: { number: string }) {
  const isPhone = useNarrow();
  if (number === "" || number.includes("*")) return <span>{number || MISSING}</span>;
  return isPhone ? (
    <a className="running-out-phone" href={`tel:${number.replace(/[^+\d]/g, "")}`}>
      {number}
    </a>
  ) : (
    <span>{number}</span>
  );
}
