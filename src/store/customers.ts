import type { Instant } from "#base/time.ts";
import { formatMoney, money, parseMoney, price } from "#base/units.ts";
import type { CustomerDetail, CustomerHit, CustomerMeter } from "#contract/customers.ts";
import { dailyUse, daysLeftTenths, NO_USE } from "#domain/days-left.ts";
import type { Scope } from "#domain/permission.ts";
import { tilesOfMeters } from "./board.ts";
import type { Tx } from "./db.ts";
import { groupMarks } from "./groups.ts";
import { balanceOf } from "./ledger.ts";
import { mentions } from "./mentions.ts";
import { costPerDay, metersOfShared, recentUses } from "./recent-use.ts";
import { inScope } from "./scope.ts";

/** By what a customer is found. */
const NAMED_BY = [
  "customer.name",
  "customer.phone",
  "customer.number",
  "account.number",
  "meter.label",
  "meter.number",
] as const;

/** Whether a customer has or had a meter in the scope. */
export async function isCustomerInScope(tx: Tx, scope: Scope, customerId: number): Promise<boolean> {
  if (scope.all) return true;
  const has = await customersMeters(tx, scope)
    .where("customer.id", "=", customerId)
    .select("customer.id")
    .limit(1)
    .executeTakeFirst();
  if (has) return true;
  const had = await tx
    .selectFrom("tenancy")
    .innerJoin("meter", "meter.id", "tenancy.meter_id")
    .where("tenancy.customer_id", "=", customerId)
    .where((eb) => inScope(eb as never, scope))
    .select("tenancy.id")
    .limit(1)
    .executeTakeFirst();
  return had !== undefined;
}

/** Customers with a meter in the scope, found by room, name, phone, customer, account or meter number. */
export async function searchCustomers(
  tx: Tx,
  scope: Scope,
  text: string,
  limit: number,
): Promise<{ items: CustomerHit[]; more: boolean }> {
  const found = await customersMeters(tx, scope)
    .$if(text !== "", (query) => query.where((eb) => mentions(eb, NAMED_BY, text)))
    .select(["customer.id", "customer.number", "customer.name", "customer.phone"])
    .distinct()
    .orderBy("customer.number")
    .orderBy("customer.id")
    .limit(limit + 1)
    .execute();
  const shown = found.slice(0, limit);
  const rooms =
    shown.length === 0
      ? []
      : await labelsOf(
          tx,
          scope,
          shown.map((row) => row.id),
        );
  return {
    items: shown.map((row) => {
      const labels = rooms.filter((room) => room.customer_id === row.id).map((room) => room.label);
      return {
        customerId: row.id,
        number: row.number,
        name: row.name,
        phone: row.phone,
        rooms: [...new Set(labels)],
        meters: labels.length,
      };
    }),
    more: found.length > limit,
  };
}

function customersMeters(tx: Tx, scope: Scope) {
  return tx
    .selectFrom("customer")
    .innerJoin("account", "account.customer_id", "customer.id")
    .innerJoin("meter", "meter.account_id", "account.id")
    .where((eb) => inScope(eb, scope));
}

function labelsOf(tx: Tx, scope: Scope, customerIds: readonly number[]) {
  return customersMeters(tx, scope)
    .where("customer.id", "in", [...customerIds])
    .select(["customer.id as customer_id", "meter.label"])
    .orderBy("meter.label")
    .execute();
}

/** All about a customer and his meters in the scope; null when none of them lies in it. */
export async function customerDetail(
  tx: Tx,
  scope: Scope,
  customerId: number,
  now: Instant,
): Promise<CustomerDetail | null> {
  const rows = await customersMeters(tx, scope)
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .innerJoin("area", "area.id", "meter.area_id")
    .leftJoin("room", "room.id", "meter.room_id")
    .where("customer.id", "=", customerId)
    .select([
      "customer.project_id",
      "customer.number as customer_number",
      "customer.name",
      "customer.phone",
      "account.id as account_id",
      "account.number as account_number",
      "account.credit_at",
      "meter.id",
      "meter.label",
      "meter.room_id",
      "meter.price_e4",
      "meter.low_credit_wh",
      "room.name as room_name",
      "area.name as area_name",
      "concentrator.online",
    ])
    .orderBy("area.sort")
    .orderBy("meter.label")
    .orderBy("meter.id")
    .execute();
  const [first] = rows;
  if (!first) return null;
  const ids = rows.map((row) => row.id);
  const tiles = new Map((await tilesOfMeters(tx, scope, ids)).map((tile) => [tile.meterId, tile]));
  const groups = await groupMarks(tx, ids);
  const uses = await recentUses(tx, scope, ids);
  const shared = await metersOfShared(tx, [...new Set(rows.map((row) => row.account_id))]);
  const costOf = (accountId: number): number | null => {
    const own = rows.filter((each) => each.account_id === accountId && tiles.has(each.id));
    return own.length < (shared.get(accountId) ?? 1) ? null : costPerDay(own, uses.byMeter);
  };
  const meters = rows.flatMap((row): CustomerMeter[] => {
    const tile = tiles.get(row.id);
    if (!tile) return [];
    const use = uses.byMeter.get(row.id) ?? NO_USE;
    const perDay = dailyUse(use);
    return [
      {
        tile,
        roomId: row.room_id,
        group: groups.get(row.id) ?? null,
        accountId: row.account_id,
        accountNumber: row.account_number,
        priceYuan: formatMoney(price(row.price_e4)),
        lowCreditWh: row.low_credit_wh,
        reachable: row.online === 1,
        usePerDayWh: perDay,
        useDays: use.days,
        useFrom: uses.from,
        useTo: uses.to,
        daysLeftTenths:
          tile.mode !== "prepaid"
            ? null // it may go below zero
            : row.credit_at === "meter"
              ? daysLeftTenths(tile.remainingWh, perDay)
              : daysLeftTenths(amount(tile.remainingYuan), costOf(row.account_id)),
      },
    ];
  });
  const wallet = await balanceOf(tx, { kind: "wallet", ref: customerId });
  const debt = await balanceOf(tx, { kind: "debt", ref: customerId });
  const owned = await tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .where("account.customer_id", "=", customerId)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  const rooms = new Map(
    rows.map((row) => [
      row.room_id ?? row.label,
      { roomId: row.room_id, name: row.room_name ?? row.label, areaName: row.area_name },
    ]),
  );
  return {
    customerId,
    projectId: first.project_id,
    number: first.customer_number,
    name: first.name,
    phone: first.phone,
    wallet: formatMoney(money(wallet.posted - wallet.reserved)),
    underWay: formatMoney(wallet.reserved),
    debts: formatMoney(money(Math.max(0, -debt.posted))),
    credit: creditOf(meters),
    asOf: now,
    rooms: [...rooms.values()],
    meters,
    metersElsewhere: Number(owned.count) > meters.length,
  };
}

/** Every account once: on the server several meters share one balance. */
function creditOf(meters: readonly CustomerMeter[]): string | null {
  let sum = 0;
  const accounts = new Set<number>();
  for (const { tile, accountId } of meters) {
    if (tile.mode !== "prepaid") continue;
    if (tile.creditAt === "server" && accounts.has(accountId)) continue;
    accounts.add(accountId);
    const left = amount(tile.remainingYuan);
    if (left === null) return null;
    sum += left;
  }
  return formatMoney(money(sum));
}

function amount(text: string | null): number | null {
  if (text === null) return null;
  const e4 = parseMoney(text.replace(/^-/, ""), 4) ?? 0;
  return text.startsWith("-") ? -e4 : e4;
}
