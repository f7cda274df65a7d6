import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant } from "#base/time.ts";
import { formatMoney } from "#base/units.ts";
import type { MergeRequest } from "#contract/groups.ts";
import { WAITS_FOR_MAIN } from "#domain/group.ts";
import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { addChange, addGroup, addMember, changeByKey, membershipOf, openMember, takeGroup } from "#store/groups.ts";
import { takeBalance } from "#store/ledger.ts";
import { claimMeterStates, meterToAct } from "#store/meters.ts";
import type { GroupMemberTable, MeterGroupTable } from "#store/schema-groups.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import { sha256Hex } from "#system/crypto.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";
import { startJoining } from "./join-group.ts";
import { type Joiner, type MergePlan, planMerge } from "./merge-plan.ts";

/** A change of a group that was decided: this call made it, or an earlier one with the same key. */
export type GroupChanged = { groupNo: string; created: boolean };

/**
 * Merges meters of one customer into the account of a main meter (主分表合并), or adds some to a group that it leads. From then on its
 * balance pays for all of them; each joins by itself, and those that count their credit themselves only when they have confirmed it. The
 * same key again answers the same; with other content it is refused with `group_key_conflict`. Nothing is changed when it throws.
 */
export async function requestMerge(
  ctx: FlowContext,
  actor: Actor,
  input: MergeRequest & { ip: string },
): Promise<GroupChanged> {
  const meterIds = input.meterIds.toSorted((a, b) => a - b);
  const requestHash = sha256Hex(`merge|${input.mainMeterId}|${meterIds.join(",")}`);
  const done = await decide(ctx.db, async (tx): Promise<GroupChanged> => {
    const seen = await meterToAct(tx, actor.scope, input.mainMeterId);
    if (!seen) throw new AppError("meter_not_found");
    const now = ctx.clock();
    // Taken before they are looked at: payments, refunds, settlements and other merges of them come before this, or see it.
    if (seen.customer_id !== null) await takeBalance(tx, { kind: "wallet", ref: seen.customer_id });
    await claimMeterStates(tx, [input.mainMeterId, ...meterIds]);
    const earlier = await repeated(tx, input.key, requestHash);
    if (earlier !== null) return earlier;
    const plan = await planMerge(tx, actor.scope, { mainMeterId: input.mainMeterId, meterIds });
    for (const { obstacle } of plan.joiners) if (obstacle !== null) throw obstacle;
    const group = await groupOf(tx, plan, { actor: actor.login, now });
    await noteChange(
      ctx,
      tx,
      { group, kind: "merge", key: input.key, requestHash, reason: input.reason, actor, now },
      {
        main: plan.main.label,
        members: plan.joiners.map(({ meter }) => meter.label),
      },
    );
    await addMembers(ctx, tx, { plan, group, actor: actor.login, now });
    await addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: actor.login,
      action: "account.merge",
      object: `group:${group.group_no}`,
      before: null,
      after: {
        main: plan.main.label,
        members: plan.joiners.map(({ meter, brings }) => ({ label: meter.label, brings: formatMoney(brings) })),
      },
      reason: input.reason,
      ip: input.ip,
    });
    faultPoint("merge:before-commit");
    return { groupNo: group.group_no, created: true };
  });
  faultPoint("merge:after-commit");
  if (done.created) ctx.log.info({ group: done.groupNo, main: input.mainMeterId, meters: meterIds }, "meters merged");
  return done;
}

/** What a key has done before; null when it is new. Throws `group_key_conflict` when its content was another. */
export async function repeated(tx: Tx, key: string, requestHash: string): Promise<GroupChanged | null> {
  const earlier = await changeByKey(tx, key);
  if (earlier === null) return null;
  if (earlier.requestHash !== requestHash) throw new AppError("group_key_conflict");
  return { groupNo: earlier.groupNo, created: false };
}

type Change = {
  group: MeterGroupTable;
  kind: "merge" | "unmerge";
  key: string;
  requestHash: string;
  reason: string;
  actor: Actor;
  now: Instant;
};

/** Writes down what was asked, under its key. */
export async function noteChange(ctx: FlowContext, tx: Tx, change: Change, asked: object): Promise<void> {
  const fresh = await addChange(tx, {
    id: ctx.newId(change.now),
    idem_key: change.key,
    request_hash: change.requestHash,
    group_no: change.group.group_no,
    kind: change.kind,
    asked: JSON.stringify(asked),
    reason: change.reason,
    asked_by: change.actor.login,
    asked_at: change.now,
  });
  if (!fresh) throw new Stale(`group change ${change.key}`);
}

async function groupOf(tx: Tx, plan: MergePlan, by: { actor: string; now: Instant }): Promise<MeterGroupTable> {
  if (plan.existing !== null) {
    const group = await takeGroup(tx, plan.existing.groupNo);
    assert(group !== undefined, `group ${plan.existing.groupNo} exists`);
    // Taken only now: its main meter may have begun to leave.
    if ((await membershipOf(tx, plan.main.id))?.state !== "merged") throw new Stale(group.group_no);
    return group;
  }
  const number = await nextNumbers(tx, "meter_group");
  const group: MeterGroupTable = {
    group_no: `G${dayOf(by.now).replaceAll("-", "")}${String(number).padStart(6, "0")}`,
    project_id: plan.projectId,
    customer_id: plan.customerId,
    account_id: await nextNumbers(tx, "account"),
    main_meter_id: plan.main.id,
    state: "active",
    created_by: by.actor,
    created_at: by.now,
    ended_at: null,
    updated_at: by.now,
    version: 0,
  };
  await addGroup(tx, group, plan.main.overdraft_e4 ?? 0);
  return group;
}

type Adding = { plan: MergePlan; group: MeterGroupTable; actor: string; now: Instant };

/** The main meter first; as long as it has not joined, the others wait. */
async function addMembers(ctx: FlowContext, tx: Tx, { plan, group, actor, now }: Adding): Promise<void> {
  for (const joiner of plan.joiners) {
    const member = memberRow(ctx, { joiner, group, actor, now });
    if (!(await addMember(tx, member))) throw new Stale(`meter ${member.meter_id}`);
  }
  for (const { meter, isMain } of plan.joiners) {
    const member = await openMember(tx, meter.id);
    assert(member !== undefined, `meter ${meter.id} is a member`);
    const isWaiting = member.state === "merging" && member.command_id === null;
    if (!isWaiting) continue; // brought in by the main meter
    const lead = await openMember(tx, plan.main.id);
    if (isMain || lead?.state === "merged") await startJoining(ctx, tx, { group, member, actor, now });
  }
}

function memberRow(
  ctx: FlowContext,
  { joiner, group, actor, now }: { joiner: Joiner; group: MeterGroupTable; actor: string; now: Instant },
): GroupMemberTable {
  const { meter, isMain } = joiner;
  assert(meter.account_id !== null && meter.credit_at !== null, `meter ${meter.id} has an account`);
  return {
    id: ctx.newId(now),
    group_no: group.group_no,
    meter_id: meter.id,
    open_meter_id: meter.id,
    is_main: isMain ? 1 : 0,
    home_account_id: meter.account_id,
    home_credit_at: meter.credit_at,
    state: "merging",
    state_reason: isMain ? "" : WAITS_FOR_MAIN,
    brought_e4: null,
    brought_wh: null,
    counter_wh: null,
    counter_index_wh: null,
    command_id: null,
    command_wh: 0,
    commands: 0,
    share_e4: null,
    share_wh: null,
    requested_by: actor,
    requested_at: now,
    joined_at: null,
    left_at: null,
    updated_at: now,
  };
}
