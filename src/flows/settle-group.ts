import { assert } from "#base/errors.ts";
import { WAITS_FOR_MAIN, WAITS_FOR_MEMBERS } from "#domain/group.ts";
import type { Tx } from "#store/db.ts";
import { endGroup, memberOfCommand, moveMember, openMembers, takeGroup } from "#store/groups.ts";
import { changeMeterState, meterState } from "#store/meters.ts";
import type { GroupMemberTable, MeterGroupTable } from "#store/schema-groups.ts";
import { finish, type Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { type By, tellMember } from "./group-command.ts";
import { join } from "./join-group.ts";
import { endShare, leaveWithUnits } from "./leave-group.ts";

/** The meter's counter stands where the group wanted it: it joins, goes on running through, or leaves with its share. */
export async function confirmForGroup(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  shown: { remainingWh?: number | undefined },
): Promise<void> {
  const { group, member, command, now } = await load(tx, at);
  assert(command.purchase_number !== null, "what the meter confirms was sent with a number");
  const state = await meterState(tx, member.meter_id);
  assert(state.purchase_count === command.purchase_number - 1, `meter ${member.meter_id} confirms its next number`);
  await changeMeterState(tx, {
    meterId: member.meter_id,
    version: state.version,
    change: { purchase_count: command.purchase_number, top_up_open: null, changed_at: now },
  });
  const by: By = { actor: "meter", now };
  assert(member.counter_wh !== null && member.counter_index_wh !== null, `meter ${member.meter_id} counts by itself`);
  const counter = { counterWh: member.counter_wh + member.command_wh, indexWh: member.counter_index_wh };
  switch (member.state) {
    case "merging":
      return join(ctx, tx, { ...by, group, member }, counter);
    case "merged": {
      const change = { counter_wh: counter.counterWh, command_id: null, command_wh: 0, state_reason: "" };
      return moveMember(tx, { member, to: "merged", at: now, change });
    }
    case "unmerging":
      return leaveWithUnits(ctx, tx, { ...by, group, member }, shown.remainingWh ?? null);
    case "left":
    case "withdrawn":
      assert(false, `a command of meter ${member.meter_id} outlived its membership`);
  }
}

/** The meter refused and its count did not move: everything is as before it was asked. */
export async function refuseForGroup(ctx: FlowContext, tx: Tx, at: Settling, reason: string): Promise<void> {
  const { group, member, now } = await load(tx, at);
  const state = await meterState(tx, member.meter_id);
  await changeMeterState(tx, {
    meterId: member.meter_id,
    version: state.version,
    change: { top_up_open: null, changed_at: now },
  });
  await undoStep(tx, { group, member, actor: "meter", now }, reason);
  await tellMember(ctx, tx, { member, kind: "group_refused", detail: { reason }, now });
}

/**
 * Takes back a step that provably never happened: who was joining is single, who was leaving stays. Without its main meter a group never
 * began, so all that waited for it are single too.
 */
export async function undoStep(
  tx: Tx,
  step: By & { group: MeterGroupTable; member: GroupMemberTable },
  reason: string,
): Promise<void> {
  const { group, member, now } = step;
  const none = { command_id: null, command_wh: 0, state_reason: reason };
  if (member.state !== "merging") {
    if (member.state === "unmerging") await endShare(tx, step, "voided");
    const change = { ...none, share_e4: null, share_wh: null };
    await moveMember(tx, { member, to: "merged", at: now, change });
    // The group goes on with who stayed, and so does its main meter, which waited to be the last.
    const [main] = await openMembers(tx, group.group_no);
    if (main?.state === "unmerging" && main.state_reason === WAITS_FOR_MEMBERS)
      await moveMember(tx, { member: main, to: "merged", at: now, change: { state_reason: reason } });
    return;
  }
  await moveMember(tx, { member, to: "withdrawn", at: now, change: { state_reason: reason } });
  if (member.is_main === 0) return;
  for (const waiting of await openMembers(tx, group.group_no)) {
    assert(waiting.state_reason === WAITS_FOR_MAIN, `meter ${waiting.meter_id} waits for the main meter`);
    await moveMember(tx, { member: waiting, to: "withdrawn", at: now, change: { state_reason: reason } });
  }
  await endGroup(tx, { groupNo: group.group_no, to: "withdrawn", at: now });
}

/** The meter contradicts the books: nothing more that changes credit is sent to it until a person has looked. */
export async function stopForGroup(
  ctx: FlowContext,
  tx: Tx,
  at: Settling,
  why: { reason: string; countShown: number | null },
): Promise<void> {
  const { member, now } = await load(tx, at);
  const state = await meterState(tx, member.meter_id);
  const counts = { countShown: why.countShown, countBooked: state.purchase_count };
  await finish(tx, at.claimed, { state: "stopped", reason: why.reason, at: now, result: counts });
  await changeMeterState(tx, {
    meterId: member.meter_id,
    version: state.version,
    change: { top_ups_stopped: 1, changed_at: now },
  });
  await moveMember(tx, { member, to: member.state, at: now, change: { state_reason: why.reason } });
  await tellMember(ctx, tx, { member, kind: "group_stopped", detail: { reason: why.reason, ...counts }, now });
}

/** Its command has left, or nobody answered: shown beside the state. */
export async function toldForGroup(tx: Tx, at: Settling, why: string): Promise<void> {
  const { member, now } = await load(tx, at);
  await moveMember(tx, { member, to: member.state, at: now, change: { state_reason: why } });
}

async function load(tx: Tx, at: Settling) {
  const found = await memberOfCommand(tx, at.claimed.id);
  assert(found !== undefined, `command ${at.claimed.id} belongs to a group`);
  const group = await takeGroup(tx, found.group_no);
  const member = await memberOfCommand(tx, at.claimed.id);
  assert(group !== undefined && member !== undefined, `command ${at.claimed.id} belongs to a group still`);
  return { ...at, group, member };
}
