import type { Instant } from "#base/time.ts";
import { formatMoney, money, price } from "#base/units.ts";
import type { GroupDetail, GroupItem, GroupMember, GroupQuery } from "#contract/groups.ts";
import { isInArrears } from "#domain/arrears.ts";
import { dailyUse, daysLeftTenths } from "#domain/days-left.ts";
import type { Scope } from "#domain/permission.ts";
import { tilesOfMeters } from "./board.ts";
import type { Tx } from "./db.ts";
import { openEmergency } from "./emergency.ts";
import { balanceOf } from "./ledger.ts";
import { mentions } from "./mentions.ts";
import { costPerDay, recentUses } from "./recent-use.ts";
import { inScope } from "./scope.ts";

/** Groups of which a meter lies in the scope, newest first. Meters outside it are neither named nor counted. */
export async function groupItems(
  tx: Tx,
  scope: Scope,
  query: GroupQuery,
): Promise<{ items: GroupItem[]; more: boolean }> {
  const found = await membersInScope(tx, scope)
    .innerJoin("customer", "customer.id", "meter_group.customer_id")
    .select(["meter_group.group_no"])
    .distinct()
    .$if(query.state !== undefined, (rows) => rows.where("meter_group.state", "=", query.state ?? "active"))
    .$if(query.customerId !== undefined, (rows) => rows.where("meter_group.customer_id", "=", query.customerId ?? 0))
    .$if(query.before !== undefined, (rows) => rows.where("meter_group.group_no", "<", query.before ?? ""))
    .$if(query.search !== "", (rows) =>
      rows.where((eb) =>
        mentions(
          eb,
          ["customer.name", "customer.phone", "meter.label", "meter.number", "meter_group.group_no"],
          query.search,
        ),
      ),
    )
    .orderBy("meter_group.group_no", "desc")
    .limit(query.limit + 1)
    .execute();
  const items: GroupItem[] = [];
  for (const { group_no } of found.slice(0, query.limit)) {
    const item = await groupItem(tx, scope, group_no);
    if (item !== null) items.push(item);
  }
  return { items, more: found.length > query.limit };
}

async function groupItem(tx: Tx, scope: Scope, groupNo: string): Promise<GroupItem | null> {
  const group = await groupWithNames(tx, groupNo);
  if (!group) return null;
  const rows = await membersInScope(tx, scope)
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .where("meter_group.group_no", "=", groupNo)
    .select([
      "meter.label",
      "meter.kind",
      "meter_state.relay",
      "meter_state.settled_at",
      "group_member.state",
      "group_member.open_meter_id",
    ])
    .orderBy("group_member.is_main", "desc")
    .orderBy("meter.label")
    .execute();
  const open = rows.filter((row) => row.open_meter_id !== null);
  const shown = open.length > 0 ? open : rows;
  const { posted } = await balanceOf(tx, { kind: "balance", ref: group.account_id });
  return {
    groupNo,
    state: group.state,
    customerId: group.customer_id,
    customer: group.customer_name,
    mainMeterId: group.main_meter_id,
    mainLabel: group.main_label,
    labels: [...new Set(shown.map((row) => row.label))],
    electricity: shown.filter((row) => row.kind === "electricity").length,
    water: shown.filter((row) => row.kind === "water").length,
    underWay: open.filter((row) => row.state !== "merged").length,
    off: open.filter((row) => row.relay === "open").length,
    balance: formatMoney(posted),
    balanceAt: Math.max(group.created_at, ...open.map((row) => row.settled_at)),
    createdAt: group.created_at,
  };
}

/** All about a group for its page; null when none of its meters lies in the scope. */
export async function groupDetail(tx: Tx, scope: Scope, groupNo: string, now: Instant): Promise<GroupDetail | null> {
  const group = await groupWithNames(tx, groupNo);
  if (!group) return null;
  const rows = await membersInScope(tx, scope)
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("command", "command.id", "group_member.command_id")
    .where("meter_group.group_no", "=", groupNo)
    .selectAll("group_member")
    .select([
      "meter.price_e4",
      "meter.supply_guard",
      "concentrator.online",
      "meter_state.relay",
      "meter_state.relay_commanded",
      "meter_state.off_cause",
      "meter_state.index_wh",
      "meter_state.index_at",
      "meter_state.settled_at",
      "command.state as command_state",
      "command.state_reason as command_reason",
      "command.sent_at",
    ])
    .orderBy("group_member.is_main", "desc")
    .orderBy("group_member.meter_id")
    .orderBy("group_member.requested_at", "desc")
    .execute();
  if (rows.length === 0) return null;
  const ids = [...new Set(rows.map((row) => row.meter_id))];
  const tiles = new Map((await tilesOfMeters(tx, scope, ids)).map((tile) => [tile.meterId, tile]));
  const charged = await chargedTo(tx, group.account_id);
  const open = rows.filter((row) => row.open_meter_id !== null);
  const { byMeter: uses } = await recentUses(
    tx,
    scope,
    open.map((row) => row.meter_id),
  );
  const members = rows.flatMap((row): GroupMember[] => {
    const tile = tiles.get(row.meter_id);
    if (!tile) return [];
    const use = uses.get(row.meter_id);
    const cost = charged.get(row.meter_id);
    return [
      {
        tile,
        isMain: row.is_main === 1,
        isOpen: row.open_meter_id !== null,
        state: row.state,
        stateReason: row.state_reason === "" ? (row.command_reason ?? "") : row.state_reason,
        homeCreditAt: row.home_credit_at,
        priceYuan: formatMoney(price(row.price_e4)),
        supplyGuard: row.supply_guard === 1,
        relay: row.relay,
        relayCommanded: row.relay_commanded,
        offCause: row.off_cause,
        reachable: row.online === 1,
        indexWh: row.index_wh,
        indexAt: row.index_at,
        usePerDayWh: use === undefined ? null : dailyUse(use),
        usedWh: cost?.wh ?? 0,
        usedYuan: formatMoney(money(cost?.e4 ?? 0)),
        brought: row.brought_e4 === null ? null : formatMoney(money(row.brought_e4)),
        broughtWh: row.brought_wh,
        share: row.share_e4 === null ? null : formatMoney(money(row.share_e4)),
        shareWh: row.share_wh,
        commandState: row.command_state,
        wasSent: row.sent_at !== null,
        joinedAt: row.joined_at,
        leftAt: row.left_at,
      },
    ];
  });
  const { posted, reserved } = await balanceOf(tx, { kind: "balance", ref: group.account_id });
  const emergency = await openEmergency(tx, group.account_id);
  const paying = open
    .filter((row) => row.state !== "merging")
    .map((row) => ({ id: row.meter_id, price_e4: row.price_e4 }));
  const membersElsewhere = (await membersOfAll(tx, groupNo)) - open.length;
  // What members outside the scope use is not told, and without it nothing can be said of the whole.
  const perDay = paying.length === 0 || membersElsewhere > 0 ? null : costPerDay(paying, uses);
  const overdraftE4 = group.overdraft_e4 + (emergency?.amount_e4 ?? 0);
  return {
    groupNo,
    state: group.state,
    customerId: group.customer_id,
    customer: group.customer_name,
    phone: group.phone,
    mainMeterId: group.main_meter_id,
    mainLabel: group.main_label,
    balance: formatMoney(posted),
    reserved: formatMoney(reserved),
    overdraft: formatMoney(money(overdraftE4)),
    inArrears: group.state === "active" && isInArrears({ balanceE4: posted, overdraftE4 }),
    balanceAt: Math.max(group.created_at, ...open.map((row) => row.settled_at)),
    asOf: now,
    costPerDay: perDay === null ? null : formatMoney(money(perDay)),
    daysLeftTenths: daysLeftTenths(posted, perDay),
    members,
    membersElsewhere,
    createdBy: group.created_by,
    createdAt: group.created_at,
    endedAt: group.ended_at,
  };
}

/** The meters that belong or belonged to a group, as far as they lie in the scope; the story of the group is theirs. */
export async function groupMeterIds(tx: Tx, scope: Scope, groupNo: string): Promise<number[]> {
  const rows = await membersInScope(tx, scope)
    .where("meter_group.group_no", "=", groupNo)
    .select("meter.id")
    .distinct()
    .execute();
  return rows.map((row) => row.id);
}

function membersInScope(tx: Tx, scope: Scope) {
  return tx
    .selectFrom("group_member")
    .innerJoin("meter_group", "meter_group.group_no", "group_member.group_no")
    .innerJoin("meter", "meter.id", "group_member.meter_id")
    .where((eb) => inScope(eb, scope));
}

function groupWithNames(tx: Tx, groupNo: string) {
  return tx
    .selectFrom("meter_group")
    .innerJoin("account", "account.id", "meter_group.account_id")
    .innerJoin("customer", "customer.id", "meter_group.customer_id")
    .innerJoin("meter as main", "main.id", "meter_group.main_meter_id")
    .where("meter_group.group_no", "=", groupNo)
    .selectAll("meter_group")
    .select(["customer.name as customer_name", "customer.phone", "main.label as main_label", "account.overdraft_e4"])
    .executeTakeFirst();
}

async function membersOfAll(tx: Tx, groupNo: string): Promise<number> {
  const row = await tx
    .selectFrom("group_member")
    .where("group_no", "=", groupNo)
    .where("open_meter_id", "is not", null)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

async function chargedTo(tx: Tx, accountId: number): Promise<Map<number, { wh: number; e4: number }>> {
  const rows = await tx
    .selectFrom("usage_charge")
    .where("account_id", "=", accountId)
    .groupBy("meter_id")
    .select((eb) => ["meter_id", eb.fn.sum<number>("usage_wh").as("wh"), eb.fn.sum<number>("amount_e4").as("e4")])
    .execute();
  return new Map(rows.map((row) => [row.meter_id, { wh: Number(row.wh), e4: Number(row.e4) }]));
}
