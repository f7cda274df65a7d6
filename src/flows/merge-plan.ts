import { AppError, type ErrorDetails } from "#base/errors.ts";
import { formatMoney, type Money, NO_MONEY } from "#base/units.ts";
import type { MergePreview } from "#contract/groups.ts";
import { judgeCredit } from "#domain/difference.ts";
import { fillFor, GROUP_METERS_MAX, type MemberState } from "#domain/group.ts";
import type { Actor, Scope } from "#domain/permission.ts";
import { canTakeBack } from "#protocol/profiles.ts";
import type { Tx } from "#store/db.ts";
import { openExchangeOfMeter, openModeChangeOf } from "#store/devices.ts";
import { openEmergency } from "#store/emergency.ts";
import { type Membership, membershipsOf } from "#store/groups.ts";
import { balanceOf } from "#store/ledger.ts";
import { meterToAct } from "#store/meters.ts";
import { openMoveOutOfMeter } from "#store/move-outs.ts";
import { openOrders } from "#store/orders.ts";
import { creditFacts } from "#store/reconcile.ts";
import { openRefundOfMeter } from "#store/refunds.ts";
import type { FlowContext } from "./context.ts";
import { WH_PER_STEP } from "./refund-plan.ts";

type Meter = NonNullable<Awaited<ReturnType<typeof meterToAct>>>;

/** One meter that would join: what it brings into the group's balance, and what stands against it. */
export type Joiner = {
  readonly meter: Meter;
  readonly isMain: boolean;
  readonly brings: Money;
  readonly obstacle: AppError | null;
};

/** A merge as it would be carried out. `existing`: the group that the main meter leads already. */
export type MergePlan = {
  readonly existing: Membership | null;
  readonly customerId: number;
  readonly projectId: number;
  readonly main: Meter;
  readonly joiners: readonly Joiner[];
};

/**
 * Looks at everything that a merge rests on, as it is in this transaction. Throws when it makes no sense at all (meters that are not there,
 * a main meter that is a sub-meter); what stands against single meters is told with them.
 */
export async function planMerge(
  tx: Tx,
  scope: Scope,
  asked: { mainMeterId: number; meterIds: readonly number[] },
): Promise<MergePlan> {
  const subs = asked.meterIds;
  if (subs.length === 0 || subs.length >= GROUP_METERS_MAX || new Set([...subs, asked.mainMeterId]).size <= subs.length)
    throw new AppError("group_members_invalid", { max: GROUP_METERS_MAX - 1 });
  const meters: Meter[] = [];
  for (const id of [asked.mainMeterId, ...subs]) {
    const meter = await meterToAct(tx, scope, id);
    if (!meter) throw new AppError("meter_not_found");
    meters.push(meter);
  }
  const [main] = meters;
  if (main === undefined || main.customer_id === null) throw new AppError("meter_without_customer");
  const groups = await membershipsOf(tx, [asked.mainMeterId, ...subs]);
  const existing = groups.get(main.id) ?? null;
  if (existing !== null && !existing.isMain) throw new AppError("meter_is_sub", { main: existing.mainLabel });
  if (existing !== null && existing.state !== "merged") throw new AppError("group_in_flight", { label: main.label });
  const chosen = new Set(meters.map((meter) => meter.id));
  const joiners: Joiner[] = [];
  for (const meter of existing === null ? meters : meters.slice(1)) {
    const obstacle = await obstacleOf(tx, meter, { customerId: main.customer_id, groups, chosen });
    const brings = obstacle === null ? await broughtBy(tx, meter) : NO_MONEY;
    joiners.push({ meter, isMain: meter.id === main.id, brings, obstacle });
  }
  return { existing, customerId: main.customer_id, projectId: main.project_id, main, joiners };
}

/** All that a meter has to its credit, or owes, in its own account. */
async function broughtBy(tx: Tx, meter: Meter): Promise<Money> {
  const account =
    meter.credit_at === "meter"
      ? { kind: "meter_credit" as const, ref: meter.id }
      : { kind: "balance" as const, ref: meter.account_id ?? 0 };
  return (await balanceOf(tx, account)).posted;
}

type Around = {
  customerId: number;
  groups: ReadonlyMap<number, { mainLabel: string; state: MemberState }>;
  chosen: ReadonlySet<number>;
};

async function obstacleOf(tx: Tx, meter: Meter, around: Around): Promise<AppError | null> {
  const { label } = meter;
  const group = around.groups.get(meter.id);
  if (group?.state === "merged") return new AppError("group_member_already", { label, main: group.mainLabel });
  if (group !== undefined) return new AppError("group_in_flight", { label });
  if (meter.mode !== "prepaid") return new AppError("meter_not_prepaid");
  if (meter.account_id === null || meter.customer_id === null) return new AppError("meter_without_customer");
  if (meter.customer_id !== around.customerId) return new AppError("meters_of_two_customers");
  const moving = await openMoveOutOfMeter(tx, meter.id);
  if (moving !== null) return new AppError("moving_out", { moveOutNo: moving });
  const exchangeNo = await openExchangeOfMeter(tx, meter.id);
  if (exchangeNo !== null) return new AppError("exchanging", { exchangeNo });
  if ((await openModeChangeOf(tx, meter.id)) !== null) return new AppError("mode_change_open");
  if ((await openOrders(tx, meter.id)) > 0) return new AppError("group_order_open", { label });
  const refundNo = await openRefundOfMeter(tx, meter.id);
  if (refundNo !== null) return new AppError("refund_open", { refundNo });
  return meter.credit_at === "meter" ? obstacleInMeter(tx, meter) : obstacleOnServer(tx, meter, around.chosen);
}

async function obstacleInMeter(tx: Tx, meter: Meter): Promise<AppError | null> {
  const { label, profile } = meter;
  if (!canTakeBack(profile)) return new AppError("profile_without_refund", { profile });
  if (meter.top_ups_stopped === 1) return new AppError("top_ups_stopped");
  if (meter.top_up_open !== null) return new AppError("group_order_open", { label });
  if (meter.remaining_wh === null) return new AppError("group_credit_unknown", { label });
  const { reserved } = await balanceOf(tx, { kind: "meter_credit", ref: meter.id });
  if (reserved !== 0) return new AppError("group_money_reserved", { label });
  const [facts] = await creditFacts(tx, meter.id);
  if (facts === undefined) return null; // read since it was settled: the next round would tell
  const differs = judgeCredit({ booksWh: Number(facts.books ?? 0), meterWh: facts.shown, purchasesWh: [] });
  return differs === null ? null : new AppError("group_books_differ", { label });
}

async function obstacleOnServer(tx: Tx, meter: Meter, chosen: ReadonlySet<number>): Promise<AppError | null> {
  const { label, account_id: accountId } = meter;
  if (accountId === null) return new AppError("meter_without_customer");
  const { reserved } = await balanceOf(tx, { kind: "balance", ref: accountId });
  if (reserved !== 0) return new AppError("group_money_reserved", { label });
  if ((await openEmergency(tx, accountId)) !== null) return new AppError("group_emergency_open", { label });
  const siblings = await tx.selectFrom("meter").select("id").where("account_id", "=", accountId).execute();
  return siblings.every(({ id }) => chosen.has(id)) ? null : new AppError("group_account_shared", { label });
}

/** What a merge would do, decided by the very code that does it. */
export async function previewMerge(
  ctx: FlowContext,
  actor: Actor,
  asked: { mainMeterId: number; meterIds: readonly number[] },
): Promise<MergePreview> {
  const tx = ctx.db.read;
  const plan = await planMerge(tx, actor.scope, asked);
  const wallet = await balanceOf(tx, { kind: "wallet", ref: plan.customerId });
  const debt = await balanceOf(tx, { kind: "debt", ref: plan.customerId });
  const before =
    plan.existing === null ? NO_MONEY : (await balanceOf(tx, { kind: "balance", ref: plan.existing.accountId })).posted;
  let after = before as number;
  for (const { brings } of plan.joiners) after += brings;
  return {
    asOf: ctx.clock(),
    groupNo: plan.existing?.groupNo ?? null,
    customer: plan.main.customer_name ?? "",
    balanceBefore: formatMoney(before),
    balanceAfter: formatMoney(after as Money),
    wallet: formatMoney((wallet.posted - wallet.reserved) as Money),
    debts: formatMoney(Math.max(0, -debt.posted) as Money),
    joiners: plan.joiners.map(({ meter, isMain, brings, obstacle }) => ({
      meterId: meter.id,
      label: meter.label,
      number: meter.number,
      kind: meter.kind,
      isMain,
      creditAt: meter.credit_at ?? "server",
      remainingWh: meter.remaining_wh,
      remainingAt: meter.remaining_at,
      brings: formatMoney(brings),
      fillWh: meter.credit_at === "meter" ? fillFor(meter.remaining_wh ?? 0, WH_PER_STEP) : 0,
      reachable: meter.online === 1,
      obstacle: obstacle?.code ?? null,
      obstacleDetails: (obstacle?.details ?? {}) as ErrorDetails,
    })),
  };
}
