import { AppError, assert } from "#base/errors.ts";
import { formatMoney, type Money, money, price, subtract } from "#base/units.ts";
import { counterAt, shareInMeter, WAITS_FOR_MEMBERS } from "#domain/group.ts";
import { type LedgerAccount, pendingSplit, postedTransfer } from "#domain/ledger.ts";
import type { Tx } from "#store/db.ts";
import { endGroup, moveMember, moveToAccount, openMembers } from "#store/groups.ts";
import { balanceOf, bookTransfer, openLedgerAccounts, resolveTransfer } from "#store/ledger.ts";
import { addLot } from "#store/lots.ts";
import { changeMeterState, claimMeterState } from "#store/meters.ts";
import type { GroupMemberTable, MeterGroupTable } from "#store/schema-groups.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { askMeter, type By, tellMember } from "./group-command.ts";
import { reconnectAccount, reconnectMeter } from "./reconnect.ts";
import { WH_PER_STEP } from "./refund-plan.ts";
import { showServerCredit } from "./server-credit.ts";
import { settleWithin } from "./settle-usage.ts";

type Leaving = By & { group: MeterGroupTable; member: GroupMemberTable };

/**
 * A meter leaves with its share of the balance. To an account on the server the share goes at once. A meter that counts its credit
 * itself is told to stand at the units that the share buys; the money is reserved until it has confirmed that, and what it uses from
 * here on is charged to those units. The caller has charged the meter up to now.
 */
export async function startLeaving(ctx: FlowContext, tx: Tx, leaving: Leaving, share: Money): Promise<void> {
  const { member, actor, now } = leaving;
  if (member.home_credit_at === "server") return leaveAtOnce(ctx, tx, leaving, share);
  const meter = await leaver(tx, member);
  const parts = shareInMeter(share, price(meter.price_e4));
  if (share > 0) {
    const wallet: LedgerAccount = { kind: "wallet", ref: leaving.group.customer_id };
    const credit: LedgerAccount = { kind: "meter_credit", ref: member.meter_id };
    await openLedgerAccounts(tx, [wallet, credit]);
    const to = [
      { account: credit, amount: parts.cost },
      { account: wallet, amount: parts.toWallet },
    ];
    await bookTransfer(tx, pendingSplit({ ...moveOf(leaving, `${member.commands + 1}`), to }), now);
  }
  assert(member.counter_wh !== null && member.counter_index_wh !== null, `meter ${member.meter_id} runs through`);
  const counter = { counterWh: member.counter_wh, indexWh: member.counter_index_wh };
  const standsAt = counterAt(counter, meter.settled_index_wh ?? counter.indexWh);
  const lack = parts.unitsWh - standsAt;
  const wh = Math.trunc(lack / WH_PER_STEP) * WH_PER_STEP;
  const change = { share_e4: share, share_wh: parts.unitsWh };
  if (wh !== 0) return askMeter(ctx, tx, { member, actor, now, to: "unmerging", wh, change });
  const fixed = { ...change, commands: member.commands + 1 };
  await moveMember(tx, { member, to: "unmerging", at: now, change: fixed });
  await leaveWithUnits(ctx, tx, { ...leaving, member: { ...member, ...fixed, state: "unmerging" } }, null);
}

/** Why a meter cannot leave with this share; null when nothing stands against it. Told before anything is booked. */
export async function obstacleToLeave(tx: Tx, member: GroupMemberTable, share: Money): Promise<AppError | null> {
  if (member.home_credit_at === "server") return null;
  const meter = await leaver(tx, member);
  if (meter.top_ups_stopped === 1) return new AppError("top_ups_stopped");
  const isEmpty = shareInMeter(share, price(meter.price_e4)).unitsWh === 0;
  return isEmpty && meter.supply_guard === 1 ? new AppError("group_guarded_empty", { label: meter.label }) : null;
}

function leaver(tx: Tx, member: GroupMemberTable) {
  return tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .select([
      "meter.label",
      "meter.price_e4",
      "meter.supply_guard",
      "meter_state.settled_index_wh",
      "meter_state.top_ups_stopped",
    ])
    .where("meter.id", "=", member.meter_id)
    .executeTakeFirstOrThrow();
}

/** The meter has confirmed that it holds its share (or needed no telling): it is single again, and what it uses is its own. */
export async function leaveWithUnits(
  ctx: FlowContext,
  tx: Tx,
  leaving: Leaving,
  remainingWh: number | null,
): Promise<void> {
  const { group, member, actor, now } = leaving;
  const { share_e4: share, share_wh: unitsWh } = member;
  assert(share !== null && unitsWh !== null, `the share of meter ${member.meter_id} is fixed`);
  if (share > 0) await endShare(tx, leaving, "posted");
  if (share < 0) await bookDebt(tx, leaving, money(-share));
  if (unitsWh > 0) {
    const costE4 = await costOf(tx, leaving);
    const lot = { id: ctx.newId(now), meterId: member.meter_id, unitsWh, costE4, orderNo: null, at: now };
    const revalued = await addLot(tx, lot);
    assert(revalued === 0, `the lots of meter ${member.meter_id} were closed when it joined`);
  }
  await moveToAccount(tx, { meterId: member.meter_id, from: group.account_id, to: member.home_account_id });
  const state = await claimMeterState(tx, member.meter_id);
  await changeMeterState(tx, {
    meterId: member.meter_id,
    version: state.version,
    change: { remaining_wh: remainingWh, remaining_at: remainingWh === null ? 0 : now, low_credit: 0, changed_at: now },
  });
  await moveMember(tx, { member, to: "left", at: now, change: { state_reason: "" } });
  if (unitsWh > 0)
    await reconnectMeter(ctx, tx, { meterId: member.meter_id, cause: `left:${member.id}`, orderNo: null, actor, now });
  await afterLeaving(ctx, tx, leaving, money(share));
}

async function leaveAtOnce(ctx: FlowContext, tx: Tx, leaving: Leaving, share: Money): Promise<void> {
  const { group, member, actor, now } = leaving;
  const home: LedgerAccount = { kind: "balance", ref: member.home_account_id };
  const balance: LedgerAccount = { kind: "balance", ref: group.account_id };
  await openLedgerAccounts(tx, [home]);
  if (share !== 0) {
    const move = {
      ...moveOf(leaving, "at-once"),
      from: share > 0 ? balance : home,
      to: share > 0 ? home : balance,
      amount: money(Math.abs(share)),
    };
    assert(await bookTransfer(tx, postedTransfer(move), now), `meter ${member.meter_id} leaves once`);
  }
  await moveToAccount(tx, { meterId: member.meter_id, from: group.account_id, to: member.home_account_id });
  await tx
    .updateTable("account")
    .set((eb) => ({ arrears_evaluations: 0, version: eb("version", "+", 1) }))
    .where("id", "=", member.home_account_id)
    .execute();
  await moveMember(tx, { member, to: "left", at: now, change: { share_e4: share, state_reason: "" } });
  await showServerCredit(tx, { accountId: member.home_account_id, at: now, now });
  const paid = { cause: `left:${member.id}`, orderNo: null, actor, now };
  await reconnectAccount(ctx, tx, { ...paid, accountId: member.home_account_id });
  await afterLeaving(ctx, tx, leaving, share);
}

/** Tells of it, and when only the main meter is left and wanted to leave, lets it. With the last one the group ends, and holds nothing. */
async function afterLeaving(ctx: FlowContext, tx: Tx, leaving: Leaving, share: Money): Promise<void> {
  const { group, member, actor, now } = leaving;
  await tellMember(ctx, tx, { member, kind: "group_left", detail: { amount: formatMoney(share) }, now });
  faultPoint("leave-group:before-commit");
  const left = await openMembers(tx, group.group_no);
  if (left.length > 0) {
    await showServerCredit(tx, { accountId: group.account_id, at: now, now });
    await letMainLeave(ctx, tx, { group, actor, now });
    return;
  }
  await sweepRest(tx, leaving);
  await endGroup(tx, { groupNo: group.group_no, to: "dissolved", at: now });
}

/** The main meter leaves when it wanted to and all others have left; the rest of the balance is its share. */
export async function letMainLeave(ctx: FlowContext, tx: Tx, input: By & { group: MeterGroupTable }): Promise<void> {
  const { group } = input;
  const [member, ...others] = await openMembers(tx, group.group_no);
  if (member?.state !== "unmerging" || member.state_reason !== WAITS_FOR_MEMBERS || others.length > 0) return;
  await settleWithin(ctx, tx, [member.meter_id]);
  const { posted, reserved } = await balanceOf(tx, { kind: "balance", ref: group.account_id });
  const share = subtract(posted, reserved);
  const obstacle = await obstacleToLeave(tx, member, share);
  // Others have left by the same step: it must not be undone, so the main meter stays, and says why.
  if (obstacle !== null)
    return moveMember(tx, { member, to: "merged", at: input.now, change: { state_reason: obstacle.code } });
  await startLeaving(ctx, tx, { ...input, member }, share);
}

/** What came in while the last meter was on its way out (a corrected share): the customer's, or owed by him. */
async function sweepRest(tx: Tx, leaving: Leaving): Promise<void> {
  const { group, now } = leaving;
  const balance: LedgerAccount = { kind: "balance", ref: group.account_id };
  const { posted } = await balanceOf(tx, balance);
  if (posted === 0) return;
  if (posted < 0) return bookDebt(tx, leaving, money(-posted), "rest-owed");
  const wallet: LedgerAccount = { kind: "wallet", ref: group.customer_id };
  await openLedgerAccounts(tx, [wallet]);
  const move = { ...moveOf(leaving, "rest"), from: balance, to: wallet, amount: posted };
  await bookTransfer(tx, postedTransfer(move), now);
}

/** What was reserved for a meter that leaves is its own, or is the group's again. Not an error when nothing was. */
export async function endShare(tx: Tx, leaving: Leaving, outcome: "posted" | "voided"): Promise<void> {
  const { member, now } = leaving;
  if ((member.share_e4 ?? 0) <= 0) return;
  const ended = await resolveTransfer(tx, { transferId: shareId(member), outcome, at: now, actor: "meter" });
  assert(ended, `the share of meter ${member.meter_id} was still pending`);
}

async function bookDebt(tx: Tx, leaving: Leaving, amount: Money, suffix = "owed"): Promise<void> {
  const { group, now } = leaving;
  const debt: LedgerAccount = { kind: "debt", ref: group.customer_id };
  await openLedgerAccounts(tx, [debt]);
  const move = {
    ...moveOf(leaving, suffix),
    from: debt,
    to: { kind: "balance" as const, ref: group.account_id },
    amount,
  };
  await bookTransfer(tx, postedTransfer(move), now);
}

async function costOf(tx: Tx, { member }: Leaving): Promise<number> {
  const row = await tx
    .selectFrom("ledger_entry")
    .select("amount_e4")
    .where("transfer_id", "=", shareId(member))
    .where("account_id", "=", `meter_credit:${member.meter_id}`)
    .executeTakeFirstOrThrow();
  return row.amount_e4;
}

/** The transfer that reserves a share; a share that the meter refused and that is asked for again has another number. */
function shareId(member: GroupMemberTable): string {
  return `unmerge:${member.id}:${member.commands}`;
}

function moveOf({ group, member, actor }: Leaving, suffix: string) {
  return {
    id: `unmerge:${member.id}:${suffix}`,
    kind: "merge" as const,
    from: { kind: "balance" as const, ref: group.account_id },
    actor,
    meterId: member.meter_id,
    memo: group.group_no,
  };
}
