import { AppError } from "#base/errors.ts";
import { formatMoney, type Money, money, NO_MONEY, parseMoney, price } from "#base/units.ts";
import type { UnmergePreview, UnmergeRequest } from "#contract/groups.ts";
import { restAfter, shareInMeter, WAITS_FOR_MEMBERS } from "#domain/group.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { openEmergency } from "#store/emergency.ts";
import { moveMember, openMembers, takeGroup } from "#store/groups.ts";
import { balanceOf, takeBalance } from "#store/ledger.ts";
import { claimMeterStates, meterToAct } from "#store/meters.ts";
import type { GroupMemberTable, MeterGroupTable } from "#store/schema-groups.ts";
import { sha256Hex } from "#system/crypto.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { letMainLeave, obstacleToLeave, startLeaving } from "./leave-group.ts";
import { type GroupChanged, noteChange, repeated } from "./merge.ts";
import { settleWithin } from "./settle-usage.ts";

type Asked = { groupNo: string; shares: readonly { meterId: number; amount: string }[] };

/** An un-merge as it would be carried out: who leaves with what; the main meter comes last and takes the rest. */
type UnmergePlan = {
  readonly group: MeterGroupTable;
  readonly balance: Money;
  readonly rest: Money;
  readonly leavers: readonly { member: GroupMemberTable; meter: Meter; share: Money }[];
  readonly main: { member: GroupMemberTable; meter: Meter } | null;
};
type Meter = NonNullable<Awaited<ReturnType<typeof meterToAct>>>;

/**
 * Takes meters out of a group (拆分), each with the share of the balance that was chosen for it; what nobody takes stays with the main
 * meter. When the last sub-meter leaves the main meter leaves too, with the rest, and the group is dissolved. Each is single again when
 * its share has arrived. Nothing is changed when it throws.
 */
export async function requestUnmerge(
  ctx: FlowContext,
  actor: Actor,
  input: UnmergeRequest & { groupNo: string; ip: string },
): Promise<GroupChanged> {
  const shares = input.shares.toSorted((a, b) => a.meterId - b.meterId);
  const requestHash = `unmerge|${input.groupNo}|${shares.map((each) => `${each.meterId}=${each.amount}`).join(",")}`;
  const hash = sha256Hex(requestHash);
  const done = await decide(ctx.db, async (tx): Promise<GroupChanged> => {
    const now = ctx.clock();
    const seen = await visibleGroup(tx, actor, input.groupNo);
    await takeBalance(tx, { kind: "wallet", ref: seen.customer_id });
    await takeGroup(tx, input.groupNo);
    const earlier = await repeated(tx, input.key, hash);
    if (earlier !== null) return earlier;
    const ids = (await openMembers(tx, input.groupNo)).map((member) => member.meter_id);
    if (ids.length > 0) await claimMeterStates(tx, ids);
    if (ids.length > 0) await settleWithin(ctx, tx, ids);
    const plan = await planUnmerge(tx, actor, { ...input, shares });
    for (const { member, share } of plan.leavers) {
      const obstacle = await obstacleToLeave(tx, member, share);
      if (obstacle !== null) throw obstacle;
    }
    if (plan.main !== null) {
      const obstacle = await obstacleToLeave(tx, plan.main.member, plan.rest);
      if (obstacle !== null) throw obstacle;
    }
    const after = {
      balance: formatMoney(plan.balance),
      shares: plan.leavers.map(({ meter, share }) => ({ label: meter.label, share: formatMoney(share) })),
      rest: formatMoney(plan.rest),
      dissolved: plan.main !== null,
    };
    const { group } = plan;
    const change = { group, kind: "unmerge" as const, key: input.key, requestHash: hash, actor, now };
    await noteChange(ctx, tx, { ...change, reason: input.reason }, after);
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "account.unmerge",
      object: `group:${group.group_no}`,
      before: { balance: formatMoney(plan.balance) },
      after,
      reason: input.reason,
      ip: input.ip,
    });
    await carryOut(ctx, tx, plan, { actor: actor.login, now });
    faultPoint("unmerge:before-commit");
    return { groupNo: group.group_no, created: true };
  });
  faultPoint("unmerge:after-commit");
  if (done.created)
    ctx.log.info({ group: done.groupNo, meters: shares.map((each) => each.meterId) }, "meters taken out");
  return done;
}

async function carryOut(
  ctx: FlowContext,
  tx: Tx,
  plan: UnmergePlan,
  by: { actor: string; now: ReturnType<FlowContext["clock"]> },
): Promise<void> {
  const { group } = plan;
  // First of all: with the last sub-meter the main meter follows at once.
  if (plan.main !== null) {
    const change = { state_reason: WAITS_FOR_MEMBERS };
    await moveMember(tx, { member: plan.main.member, to: "unmerging", at: by.now, change });
  }
  for (const { member, share } of plan.leavers) await startLeaving(ctx, tx, { ...by, group, member }, share);
  if (plan.main !== null) await letMainLeave(ctx, tx, { ...by, group });
}

/** The group, if the caller sees one of its meters. */
export async function visibleGroup(tx: Tx, actor: Actor, groupNo: string): Promise<MeterGroupTable> {
  const group = await tx.selectFrom("meter_group").selectAll().where("group_no", "=", groupNo).executeTakeFirst();
  const members = await tx
    .selectFrom("group_member")
    .select("meter_id")
    .distinct()
    .where("group_no", "=", groupNo)
    .execute();
  for (const { meter_id } of members) {
    if (group !== undefined && (await meterToAct(tx, actor.scope, meter_id)) !== undefined) return group;
  }
  throw new AppError("group_not_found");
}

async function planUnmerge(tx: Tx, actor: Actor, asked: Asked): Promise<UnmergePlan> {
  const group = await visibleGroup(tx, actor, asked.groupNo);
  if (group.state !== "active") throw new AppError("group_not_active");
  const members = await openMembers(tx, group.group_no);
  const meters = new Map<number, Meter>();
  for (const member of members) {
    // Who divides money divides all of it: every meter of the group has to be his.
    const meter = await meterToAct(tx, actor.scope, member.meter_id);
    if (!meter) throw new AppError("meter_not_found");
    meters.set(meter.id, meter);
    if (member.state !== "merged" || member.command_id !== null)
      throw new AppError("group_in_flight", { label: meter.label });
  }
  const leads = members.find((member) => member.is_main === 1);
  const subs = members.filter((member) => member.is_main === 0);
  const main = leads === undefined ? undefined : meters.get(leads.meter_id);
  if (leads === undefined || main === undefined) throw new AppError("group_not_active");
  if ((await openEmergency(tx, group.account_id)) !== null)
    throw new AppError("group_emergency_open", { label: main.label });
  const { posted: balance, reserved } = await balanceOf(tx, { kind: "balance", ref: group.account_id });
  if (reserved !== 0) throw new AppError("group_money_reserved", { label: main.label });

  const wanted = new Map(asked.shares.map((each) => [each.meterId, each.amount]));
  if (wanted.size < asked.shares.length || [...wanted.keys()].some((id) => !meters.has(id)))
    throw new AppError("meter_not_found");
  const leavers = subs
    .filter((member) => wanted.has(member.meter_id))
    .map((member) => {
      const meter = meters.get(member.meter_id);
      if (meter === undefined) throw new AppError("meter_not_found");
      return { member, meter, share: shareTyped(wanted.get(member.meter_id) ?? "") };
    });
  const dissolves = leavers.length === subs.length;
  if (wanted.has(leads.meter_id) && !dissolves) throw new AppError("group_main_last");
  if (!dissolves && leavers.length === 0)
    throw new AppError("group_members_invalid", { max: Math.max(1, subs.length) });
  const split = restAfter(
    balance,
    leavers.map(({ share }) => share),
  );
  const told = { balance: formatMoney(balance) };
  if (!split.fits) throw new AppError(split.why === "sign" ? "group_share_sign" : "group_share_too_much", told);
  return { group, balance, rest: split.rest, leavers, main: dissolves ? { member: leads, meter: main } : null };
}

/** A share as typed: yuan with at most two places, negative for a part of arrears. */
function shareTyped(text: string): Money {
  const isOwed = text.startsWith("-");
  const amount = parseMoney(isOwed ? text.slice(1) : text, 2);
  if (amount === null) throw new AppError("group_share_invalid");
  return isOwed && amount > 0 ? money(-amount) : amount;
}

/** What an un-merge would do, decided by the very code that does it. Nothing is charged meanwhile: the balance is as of the last settlement. */
export async function previewUnmerge(ctx: FlowContext, actor: Actor, asked: Asked): Promise<UnmergePreview> {
  const tx = ctx.db.read;
  const plan = await planUnmerge(tx, actor, asked);
  const parts = plan.leavers.map((each) => ({ ...each, isMain: false }));
  if (plan.main !== null) parts.push({ ...plan.main, share: plan.rest, isMain: true });
  const lines = [];
  for (const { member, meter, share, isMain } of parts) {
    const inMeter = member.home_credit_at === "meter";
    const becomes = inMeter ? shareInMeter(share, price(meter.price_e4)) : null;
    const obstacle = await obstacleToLeave(tx, member, share);
    lines.push({
      meterId: meter.id,
      label: meter.label,
      number: meter.number,
      kind: meter.kind,
      isMain,
      creditAt: member.home_credit_at,
      share: formatMoney(share),
      unitsWh: becomes?.unitsWh ?? null,
      unitsCost: formatMoney(becomes?.cost ?? NO_MONEY),
      toWallet: formatMoney(becomes?.toWallet ?? NO_MONEY),
      debt: formatMoney(becomes?.debt ?? NO_MONEY),
      goesDark: becomes !== null && becomes.unitsWh === 0,
      reachable: meter.online === 1,
      obstacle: obstacle?.code ?? null,
      obstacleDetails: obstacle?.details ?? {},
    });
  }
  return {
    asOf: ctx.clock(),
    balance: formatMoney(plan.balance),
    rest: formatMoney(plan.main === null ? plan.rest : NO_MONEY),
    dissolves: plan.main !== null,
    lines,
  };
}
