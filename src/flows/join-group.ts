import { assert } from "#base/errors.ts";
import { formatMoney, type Money, money } from "#base/units.ts";
import { type Counter, fillFor, WAITS_FOR_MAIN } from "#domain/group.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import type { Tx } from "#store/db.ts";
import { keepCustomerNumber, moveMember, moveToAccount, openMember, openMembers } from "#store/groups.ts";
import { bookTransfer, openLedgerAccounts, takeBalance } from "#store/ledger.ts";
import { closeLots } from "#store/lots.ts";
import { meterState } from "#store/meters.ts";
import type { GroupMemberTable, MeterGroupTable } from "#store/schema-groups.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { askMeter, type By, tellMember } from "./group-command.ts";
import { reconnectAccount } from "./reconnect.ts";
import { WH_PER_STEP } from "./refund-plan.ts";
import { showServerCredit } from "./server-credit.ts";
import { settleWithin } from "./settle-usage.ts";

type Joining = By & { group: MeterGroupTable; member: GroupMemberTable };

/**
 * A meter whose credit is on the server joins at once. One that counts its credit itself is filled up first, so that it will not trip by
 * itself any more; it joins when it has confirmed that.
 */
export async function startJoining(ctx: FlowContext, tx: Tx, joining: Joining): Promise<void> {
  const { member } = joining;
  if (member.home_credit_at === "server") return join(ctx, tx, joining, null);
  const state = await meterState(tx, member.meter_id);
  assert(state.remaining_wh !== null && state.index_wh !== null, `meter ${member.meter_id} was read`);
  const counter: Counter = { counterWh: state.remaining_wh, indexWh: state.index_wh };
  const wh = fillFor(counter.counterWh, WH_PER_STEP);
  if (wh === 0) return join(ctx, tx, joining, counter);
  const change = { counter_wh: counter.counterWh, counter_index_wh: counter.indexWh };
  await askMeter(ctx, tx, { ...joining, to: "merging", wh, change });
}

/**
 * From here on the group pays for the meter. What it used until now is charged to its own account first; then all that it has, or owes,
 * goes into the group's balance in one transfer, and the units in it are nobody's any more. The main meter brings in those that waited.
 */
export async function join(ctx: FlowContext, tx: Tx, joining: Joining, counter: Counter | null): Promise<void> {
  const { group, member, actor, now } = joining;
  await settleWithin(ctx, tx, [member.meter_id]);
  const inMeter = member.home_credit_at === "meter";
  const home: LedgerAccount = inMeter
    ? { kind: "meter_credit", ref: member.meter_id }
    : { kind: "balance", ref: member.home_account_id };
  const { posted, reserved } = await takeBalance(tx, home);
  assert(reserved === 0, `nothing of ${home.kind}:${home.ref} is on its way elsewhere`);
  await moveBalance(tx, joining, home, posted);
  const broughtWh = inMeter ? await closeLots(tx, member.meter_id) : null;
  const account = await tx
    .selectFrom("account")
    .select("number")
    .where("id", "=", member.home_account_id)
    .executeTakeFirstOrThrow();
  await keepCustomerNumber(tx, member.meter_id, account.number);
  await moveToAccount(tx, { meterId: member.meter_id, from: member.home_account_id, to: group.account_id });
  await moveMember(tx, {
    member,
    to: "merged",
    at: now,
    change: {
      ...(counter && { counter_wh: counter.counterWh, counter_index_wh: counter.indexWh }),
      brought_e4: posted,
      brought_wh: broughtWh,
      joined_at: now,
      state_reason: "",
      command_id: null,
      command_wh: 0,
    },
  });
  faultPoint("join-group:before-commit");
  await showServerCredit(tx, { accountId: group.account_id, at: now, now });
  const detail = { amount: formatMoney(posted) };
  await tellMember(ctx, tx, { member, kind: "group_joined", detail, now });
  await reconnectAccount(ctx, tx, {
    accountId: group.account_id,
    cause: `group:${member.id}:${member.commands}`,
    orderNo: null,
    actor,
    now,
  });
  if (member.is_main === 1) await bringWaiting(ctx, tx, joining);
}

async function moveBalance(tx: Tx, joining: Joining, home: LedgerAccount, brought: Money): Promise<void> {
  const { group, member, actor, now } = joining;
  const balance: LedgerAccount = { kind: "balance", ref: group.account_id };
  await openLedgerAccounts(tx, [balance]);
  if (brought === 0) return;
  const booked = await bookTransfer(
    tx,
    postedTransfer({
      id: `merge:${member.id}`,
      kind: "merge",
      from: brought > 0 ? home : balance,
      to: brought > 0 ? balance : home,
      amount: money(Math.abs(brought)),
      actor,
      meterId: member.meter_id,
      memo: group.group_no,
    }),
    now,
  );
  assert(booked, `meter ${member.meter_id} joins ${group.group_no} once`);
}

async function bringWaiting(ctx: FlowContext, tx: Tx, { group, actor, now }: Joining): Promise<void> {
  for (const { meter_id } of await openMembers(tx, group.group_no)) {
    const member = await openMember(tx, meter_id);
    if (member?.state === "merging" && member.state_reason === WAITS_FOR_MAIN)
      await startJoining(ctx, tx, { group, member, actor, now });
  }
}
