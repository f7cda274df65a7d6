import type { Instant } from "#base/time.ts";
import { formatMoney, money, PER_UNIT, price, proportion } from "#base/units.ts";
import type { RunningOutReport, RunningOutRow } from "#contract/running-out.ts";
import { dailyUse, daysLeftTenths, NO_USE } from "#domain/days-left.ts";
import type { Scope } from "#domain/permission.ts";
import {
  type RunOutFacts,
  type RunOutShow,
  type RunOutSort,
  runOutListed,
  runOutState,
  runsOutOn,
} from "#domain/running-out.ts";
import type { Tx } from "./db.ts";
import { mentions } from "./mentions.ts";
import { costPerDay, metersOfShared, type RecentUses, recentUses } from "./recent-use.ts";
import { isBelow } from "./report-filter.ts";
import { lastRechargesOf, peopleOf, toldOf } from "./running-out-people.ts";
import { inScope } from "./scope.ts";

/** What is asked: within how many days, which list, in which order, and what it is narrowed to. */
export type RunningOutAsked = {
  days: number;
  show: RunOutShow;
  sort: RunOutSort;
  areaId?: number | undefined;
  search: string;
};
type Page = { after: number; limit: number; now: Instant };
type Meter = Awaited<ReturnType<typeof prepaidMeters>>[number];
/** What holds credit: a meter, or an account on the server with its meters in the scope. */
type Purse = {
  meters: readonly Meter[];
  elsewhere: boolean;
  facts: RunOutFacts;
  perDayWh: number | null;
  costE4: number | null;
  leftE4: number | null;
  leftAt: number;
  useDays: number;
};

/**
 * Prepaid accounts in the scope whose credit runs out within some days (即将用完), those of which nobody can tell, or those that use nothing.
 * Everything is read set by set: all purses are judged by the rule of the account's page, only those of the page are looked up by name.
 */
export async function runningOutReport(tx: Tx, scope: Scope, asked: RunningOutAsked & Page): Promise<RunningOutReport> {
  const uses = await recentUses(tx, scope);
  const wanted = await wantedAccounts(tx, scope, asked);
  const purses = (await pursesIn(tx, scope, uses)).filter(
    ({ meters: [first] }) => wanted === null || wanted.has(first?.account_id ?? 0),
  );
  const lists: Record<RunOutShow, Purse[]> = { due: [], unknown: [], unused: [] };
  for (const purse of purses) {
    const listed = runOutListed(purse.facts, asked.days);
    if (listed !== null) lists[listed].push(purse);
  }
  const chosen = lists[asked.show].toSorted(orders[asked.sort]);
  const last = asked.after + asked.limit;
  return {
    asOf: asked.now,
    useFrom: uses.from,
    useTo: uses.to,
    items: await rowsOf(tx, chosen.slice(asked.after, last), asked.now),
    next: chosen.length > last ? last : null,
    total: chosen.length,
    customers: new Set(chosen.map(({ meters: [first] }) => first?.customer_id)).size,
    leftYuan: formatMoney(money(chosen.reduce((sum, { leftE4 }) => sum + (leftE4 ?? 0), 0))),
    counts: {
      due: lists.due.length,
      unknown: lists.unknown.length,
      unused: lists.unused.length,
      all: purses.length,
    },
  };
}

function prepaidMeters(tx: Tx, scope: Scope) {
  return tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("area", "area.id", "meter.area_id")
    .innerJoin("account", "account.id", "meter.account_id")
    .leftJoin("ledger_account as balance", (join) =>
      join.on("balance.kind", "=", "balance").onRef("balance.ref_id", "=", "account.id"),
    )
    .where((eb) => inScope(eb, scope))
    .where("meter.retired_at", "is", null)
    .select(["meter.id", "meter.label", "meter.number", "meter.kind", "meter.mode", "meter.price_e4"])
    .select(["area.name as area_name", "area.sort as area_sort", "account.id as account_id", "account.customer_id"])
    .select(["account.number as account_number", "account.credit_at", "account.overdraft_e4", "balance.balance_e4"])
    .select(["meter_state.remaining_wh", "meter_state.remaining_at", "meter_state.settled_at", "meter_state.relay"])
    .orderBy("meter.id")
    .execute();
}

/** Everything that holds prepaid credit in the scope. */
async function pursesIn(tx: Tx, scope: Scope, uses: RecentUses): Promise<Purse[]> {
  const meters = await prepaidMeters(tx, scope);
  const shared = scope.all ? new Map<number, number>() : await metersOfShared(tx);
  const purses: Purse[] = [];
  const onServer = new Map<number, Meter[]>();
  for (const meter of meters) {
    if (meter.credit_at === "server")
      onServer.set(meter.account_id, [...(onServer.get(meter.account_id) ?? []), meter]);
    else if (meter.mode === "prepaid") purses.push(meterPurse(meter, uses));
  }
  for (const [accountId, own] of onServer) {
    if (!own.some(({ mode }) => mode === "prepaid")) continue;
    purses.push(serverPurse(own, uses, own.length < (shared.get(accountId) ?? 1)));
  }
  return purses;
}

function meterPurse(meter: Meter, { byMeter }: RecentUses): Purse {
  const use = byMeter.get(meter.id) ?? NO_USE;
  const [left, perDay] = [meter.remaining_wh, dailyUse(use)];
  const inYuan = (wh: number | null) => (wh === null ? null : proportion(money(price(meter.price_e4)), wh, PER_UNIT));
  return {
    meters: [meter],
    elsewhere: false,
    facts: {
      ...{ creditAt: "meter", left, perDay, daysLeftTenths: daysLeftTenths(left, perDay), overdraftE4: 0 },
      anyOff: meter.relay === "open",
    },
    perDayWh: perDay,
    costE4: inYuan(perDay),
    leftE4: inYuan(left),
    leftAt: meter.remaining_at,
    useDays: use.days,
  };
}

function serverPurse(meters: readonly Meter[], { byMeter }: RecentUses, elsewhere: boolean): Purse {
  const [first] = meters;
  const left = first?.balance_e4 ?? 0;
  const perDay = elsewhere ? null : costPerDay(meters, byMeter);
  const used = meters.map(({ id }) => byMeter.get(id) ?? NO_USE);
  return {
    meters,
    elsewhere,
    facts: {
      ...{ creditAt: "server", left, perDay, daysLeftTenths: daysLeftTenths(left, perDay) },
      overdraftE4: first?.overdraft_e4 ?? 0,
      anyOff: meters.some(({ relay }) => relay === "open"),
    },
    perDayWh: meters.length === 1 && !elsewhere ? dailyUse(used[0] ?? NO_USE) : null,
    costE4: perDay,
    leftE4: left,
    leftAt: Math.max(...meters.map(({ settled_at }) => settled_at)),
    useDays: elsewhere ? 0 : Math.min(...used.map(({ days }) => days)),
  };
}

/** The accounts with a meter below an area, or that are called by a text; null when nothing is asked. */
async function wantedAccounts(tx: Tx, scope: Scope, asked: RunningOutAsked): Promise<Set<number> | null> {
  const { areaId, search } = asked;
  if (areaId === undefined && search === "") return null;
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .innerJoin("customer", "customer.id", "account.customer_id")
    .where((eb) => inScope(eb, scope))
    .$if(areaId !== undefined, (query) => query.where((eb) => isBelow(eb, areaId ?? 0)))
    .$if(search !== "", (query) =>
      query.where((eb) =>
        mentions(eb, ["meter.label", "meter.number", "customer.name", "customer.phone", "customer.number"], search),
      ),
    )
    .select("account.id")
    .distinct()
    .execute();
  return new Set(rows.map((row) => row.id));
}

const LAST = Number.MAX_SAFE_INTEGER;
const idOf = ({ meters: [first] }: Purse): number => first?.id ?? 0;
const byDays = (a: Purse, b: Purse): number => (a.facts.daysLeftTenths ?? LAST) - (b.facts.daysLeftTenths ?? LAST);
const byLeft = (a: Purse, b: Purse): number => (a.leftE4 ?? LAST) - (b.leftE4 ?? LAST);
const byRoom = ({ meters: [a] }: Purse, { meters: [b] }: Purse): number =>
  (a?.area_sort ?? 0) - (b?.area_sort ?? 0) ||
  (a?.label ?? "").localeCompare(b?.label ?? "", "zh-CN", { numeric: true });
const orders: Record<RunOutSort, (a: Purse, b: Purse) => number> = {
  days: (a, b) => byDays(a, b) || byLeft(a, b) || idOf(a) - idOf(b),
  left: (a, b) => byLeft(a, b) || idOf(a) - idOf(b),
  room: (a, b) => byRoom(a, b) || idOf(a) - idOf(b),
};

async function rowsOf(tx: Tx, purses: readonly Purse[], now: Instant): Promise<RunningOutRow[]> {
  const people = await peopleOf(
    tx,
    purses.map(({ meters: [first] }) => first?.customer_id ?? 0),
  );
  const meters = purses.flatMap((purse) =>
    purse.meters.map(({ id, customer_id }) => ({ id, customerId: customer_id })),
  );
  const recharges = await lastRechargesOf(tx, meters);
  const told = await toldOf(tx, meters, now);
  return purses.flatMap((purse): RunningOutRow[] => {
    const [first] = purse.meters;
    if (first === undefined) return [];
    const who = people.get(first.customer_id);
    const newest = <T extends { at: number }>(of: ReadonlyMap<number, T>): T | null =>
      purse.meters.reduce<T | null>((best, { id }) => {
        const one = of.get(id);
        return one !== undefined && (best === null || one.at > best.at) ? one : best;
      }, null);
    const { facts, leftE4, costE4 } = purse;
    return [
      {
        meterId: first.id,
        accountNumber: first.account_number,
        customerId: first.customer_id,
        customer: who?.name ?? "",
        phone: who?.phone ?? "",
        areaName: first.area_name,
        meters: purse.meters.map(({ id, label, number, kind }) => ({ meterId: id, label, number, kind })),
        elsewhere: purse.elsewhere,
        creditAt: facts.creditAt,
        state: runOutState(facts),
        leftWh: facts.creditAt === "meter" ? facts.left : null,
        leftYuan: leftE4 === null ? null : formatMoney(money(leftE4)),
        leftAt: purse.leftAt,
        usePerDayWh: purse.perDayWh,
        costPerDay: costE4 === null ? null : formatMoney(money(costE4)),
        useDays: purse.useDays,
        daysLeftTenths: facts.daysLeftTenths,
        runsOutOn: runsOutOn(facts.daysLeftTenths, purse.leftAt),
        lastRecharge: newest(recharges),
        told: newest(told),
      },
    ];
  });
}
