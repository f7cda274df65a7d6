import { assert } from "#base/errors.ts";
import { type Instant, later } from "#base/time.ts";
import { expiryMs, priority } from "#domain/command.ts";
import type { MemberState } from "#domain/group.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { addCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { type MemberChange, moveMember } from "#store/groups.ts";
import { meterToAct } from "#store/meters.ts";
import type { GroupMemberTable } from "#store/schema-groups.ts";
import type { FlowContext } from "./context.ts";
import { WH_PER_STEP } from "./refund-plan.ts";

/** Who does something to a group, and when. */
export type By = { readonly actor: string; readonly now: Instant };

/**
 * Asks a meter that counts credit itself to add so many Wh to its counter (negative: to take them), and moves its membership on. It goes
 * the way of every change of credit: the next purchase number, the same bytes on repeat, the count read before and after.
 */
export async function askMeter(
  ctx: FlowContext,
  tx: Tx,
  input: By & { member: GroupMemberTable; to: MemberState; wh: number; change?: MemberChange },
): Promise<void> {
  const { member, wh, now } = input;
  assert(wh !== 0 && wh % WH_PER_STEP === 0, "a meter is asked for whole steps");
  const meter = await meterToAct(tx, SCOPE_ALL, member.meter_id);
  assert(meter?.account_number != null, `meter ${member.meter_id} knows its customer`);
  const kind = wh > 0 ? "top_up" : "deduct";
  const id = ctx.newId(now);
  const nth = member.commands + 1;
  await addCommand(tx, {
    id,
    idem_key: `group:${member.id}:${nth}`,
    meter_id: member.meter_id,
    concentrator_id: meter.concentrator_id,
    kind,
    cause: "group",
    priority: priority[kind],
    payload: JSON.stringify({ amount: Math.abs(wh) / WH_PER_STEP, customer: meter.account_number }),
    order_no: null,
    reason: member.group_no,
    requested_by: input.actor,
    expires_at: later(now, expiryMs[kind]),
    created_at: now,
  });
  const change = { ...input.change, command_id: id, command_wh: wh, commands: nth, state_reason: "" };
  await moveMember(tx, { member, to: input.to, at: now, change });
}

/** Tells in a meter's history what became of it and its group. */
export async function tellMember(
  ctx: FlowContext,
  tx: Tx,
  input: {
    member: GroupMemberTable;
    kind: "group_joined" | "group_left" | "group_refused" | "group_stopped";
    detail: Record<string, string | number | null>;
    now: Instant;
  },
): Promise<void> {
  const { member, kind, now } = input;
  const severity = kind === "group_joined" || kind === "group_left" ? "info" : "alarm";
  const detail = { groupNo: member.group_no, ...input.detail };
  await addEvents(tx, [{ id: ctx.newId(now), meterId: member.meter_id, at: now, kind, severity, detail }]);
}
