import type { Instant } from "#base/time.ts";
import type { GroupMark } from "#contract/group-mark.ts";
import type { MemberState } from "#domain/group.ts";
import type { Tx } from "./db.ts";
import { insertIgnore, updatedRows } from "./portable.ts";
import type { GroupChangeTable, GroupMemberTable, MeterGroupTable } from "./schema-groups.ts";
import { Stale } from "./stale.ts";

/** What of a meter's membership others decide by: payments, refunds, settlement. */
export type Membership = {
  readonly groupNo: string;
  readonly meterId: number;
  readonly isMain: boolean;
  readonly state: MemberState;
  readonly label: string;
  readonly mainMeterId: number;
  readonly mainLabel: string;
  readonly accountId: number;
  /** It leaves, and what it uses from here on is charged to its own account once it has left. */
  readonly leavesByMeter: boolean;
};

/** The groups that these meters belong to now, by meter. */
export async function membershipsOf(tx: Tx, meterIds: readonly number[]): Promise<Map<number, Membership>> {
  if (meterIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom("group_member")
    .innerJoin("meter_group", "meter_group.group_no", "group_member.group_no")
    .innerJoin("meter", "meter.id", "group_member.meter_id")
    .innerJoin("meter as main", "main.id", "meter_group.main_meter_id")
    .where("group_member.open_meter_id", "in", [...meterIds])
    .select([
      "group_member.group_no",
      "group_member.meter_id",
      "group_member.is_main",
      "group_member.state",
      "group_member.command_id",
      "group_member.home_credit_at",
      "meter.label",
      "meter_group.main_meter_id",
      "meter_group.account_id",
      "main.label as main_label",
    ])
    .execute();
  return new Map(
    rows.map((row) => [
      row.meter_id,
      {
        groupNo: row.group_no,
        meterId: row.meter_id,
        isMain: row.is_main === 1,
        state: row.state,
        label: row.label,
        mainMeterId: row.main_meter_id,
        mainLabel: row.main_label,
        accountId: row.account_id,
        leavesByMeter: row.state === "unmerging" && row.command_id !== null,
      },
    ]),
  );
}

/** The same as pages show it: what a meter is in its group, and where its main meter is. */
export async function groupMarks(tx: Tx, meterIds: readonly number[]): Promise<Map<number, NonNullable<GroupMark>>> {
  const found = await membershipsOf(tx, meterIds);
  return new Map(
    [...found.values()].map(({ meterId, groupNo, isMain, state, mainMeterId, mainLabel }) => [
      meterId,
      { groupNo, isMain, state, mainMeterId, mainLabel },
    ]),
  );
}

/** The group that a meter belongs to now; null for a single meter. */
export async function membershipOf(tx: Tx, meterId: number): Promise<Membership | null> {
  return (await membershipsOf(tx, [meterId])).get(meterId) ?? null;
}

/** One group as its row is now. */
export function groupRow(tx: Tx, groupNo: string): Promise<MeterGroupTable | undefined> {
  return tx.selectFrom("meter_group").selectAll().where("group_no", "=", groupNo).executeTakeFirst();
}

/** A group taken before it is read: whoever else decides about it waits until this transaction has ended. */
export async function takeGroup(tx: Tx, groupNo: string): Promise<MeterGroupTable | undefined> {
  await tx
    .updateTable("meter_group")
    .set((eb) => ({ version: eb("version", "+", 1) }))
    .where("group_no", "=", groupNo)
    .execute();
  return groupRow(tx, groupNo);
}

/** Meters that belong to a group now, the main meter first, then in the order of their ids. */
export async function openMembers(tx: Tx, groupNo: string): Promise<GroupMemberTable[]> {
  return tx
    .selectFrom("group_member")
    .selectAll()
    .where("group_no", "=", groupNo)
    .where("open_meter_id", "is not", null)
    .orderBy("is_main", "desc")
    .orderBy("meter_id")
    .execute();
}

/** The membership that a command to a meter belongs to. */
export function memberOfCommand(tx: Tx, commandId: string): Promise<GroupMemberTable | undefined> {
  return tx.selectFrom("group_member").selectAll().where("command_id", "=", commandId).executeTakeFirst();
}

/** The membership of a meter that has not ended, as its row is now. */
export function openMember(tx: Tx, meterId: number): Promise<GroupMemberTable | undefined> {
  return tx.selectFrom("group_member").selectAll().where("open_meter_id", "=", meterId).executeTakeFirst();
}

/** Adds a group with its account on the server; its floor is that of the main meter's own account. */
export async function addGroup(tx: Tx, group: MeterGroupTable, overdraftE4: number): Promise<void> {
  await tx
    .insertInto("account")
    .values({
      id: group.account_id,
      customer_id: group.customer_id,
      number: group.group_no,
      credit_at: "server",
      overdraft_e4: overdraftE4,
      arrears_evaluations: 0,
      arrears_reading_at: 0,
      version: 0,
    })
    .execute();
  await tx.insertInto("meter_group").values(group).execute();
}

/** Adds a membership; false when the meter belongs to a group already. */
export async function addMember(tx: Tx, member: GroupMemberTable): Promise<boolean> {
  return (await insertIgnore(tx, "group_member", [member], ["open_meter_id"])) === 1;
}

/** What of a membership may be changed. */
export type MemberChange = Partial<
  Omit<GroupMemberTable, "id" | "group_no" | "meter_id" | "is_main" | "home_account_id" | "home_credit_at" | "state">
>;

/** Moves a membership on; {@link Stale} when it is not in the state that was decided upon. */
export async function moveMember(
  tx: Tx,
  input: { member: GroupMemberTable; to: MemberState; at: Instant; change?: MemberChange },
): Promise<void> {
  const { member, to, at } = input;
  const isOver = to === "left" || to === "withdrawn";
  const result = await tx
    .updateTable("group_member")
    .set({
      ...input.change,
      state: to,
      updated_at: at,
      ...(isOver && { open_meter_id: null, left_at: at, command_id: null, command_wh: 0 }),
    })
    .where("id", "=", member.id)
    .where("state", "=", member.state)
    .where("commands", "=", member.commands)
    .executeTakeFirst();
  if (updatedRows(result) === 0) throw new Stale(`group_member ${member.id}`);
}

/** Ends a group. */
export async function endGroup(
  tx: Tx,
  input: { groupNo: string; to: "dissolved" | "withdrawn"; at: Instant },
): Promise<void> {
  await tx
    .updateTable("meter_group")
    .set((eb) => ({ state: input.to, ended_at: input.at, updated_at: input.at, version: eb("version", "+", 1) }))
    .where("group_no", "=", input.groupNo)
    .where("state", "=", "active")
    .execute();
}

/** From here on another account pays for a meter. Steps that it has climbed go with it: it is the same customer's usage. */
export async function moveToAccount(tx: Tx, input: { meterId: number; from: number; to: number }): Promise<void> {
  const { meterId, from, to } = input;
  const moved = await tx
    .updateTable("meter")
    .set({ account_id: to })
    .where("id", "=", meterId)
    .where("account_id", "=", from)
    .executeTakeFirst();
  if (updatedRows(moved) === 0) throw new Stale(`meter ${meterId}`);
  await tx
    .updateTable("tier_count")
    .set({ account_id: to })
    .where("meter_id", "=", meterId)
    .where("account_id", "=", from)
    .execute();
}

/** The number under which a meter knows its customer stays, whatever account pays for it. */
export async function keepCustomerNumber(tx: Tx, meterId: number, number: string): Promise<void> {
  await insertIgnore(tx, "meter_customer_number", [{ meter_id: meterId, number }], ["meter_id"]);
}

/** The change that was asked for with this key, whoever did. */
export async function changeByKey(tx: Tx, key: string): Promise<{ groupNo: string; requestHash: string } | null> {
  const row = await tx
    .selectFrom("group_change")
    .select(["group_no", "request_hash"])
    .where("idem_key", "=", key)
    .executeTakeFirst();
  return row ? { groupNo: row.group_no, requestHash: row.request_hash } : null;
}

/** Notes what was asked; false when the key was used a moment ago. */
export async function addChange(tx: Tx, change: GroupChangeTable): Promise<boolean> {
  return (await insertIgnore(tx, "group_change", [change], ["idem_key"])) === 1;
}

/**
 * Who pays today what an account was to pay: the group that its meter is in, or, for the account of a dissolved group, the main meter's own one.
 * Late corrections (of shares) come back to an account that may hold nothing any more.
 */
export async function payingAccount(tx: Tx, accountId: number): Promise<{ id: number; creditAt: "meter" | "server" }> {
  const ended = await tx
    .selectFrom("meter_group")
    .innerJoin("group_member", "group_member.group_no", "meter_group.group_no")
    .where("meter_group.account_id", "=", accountId)
    .where("meter_group.state", "<>", "active")
    .where("group_member.is_main", "=", 1)
    .select("group_member.home_account_id")
    .executeTakeFirst();
  const own = ended?.home_account_id ?? accountId;
  const joined = await tx
    .selectFrom("group_member")
    .innerJoin("meter_group", "meter_group.group_no", "group_member.group_no")
    .where("group_member.home_account_id", "=", own)
    .where("group_member.state", "in", ["merged", "unmerging"])
    .select("meter_group.account_id")
    .executeTakeFirst();
  if (joined !== undefined) return { id: joined.account_id, creditAt: "server" };
  const account = await tx.selectFrom("account").select("credit_at").where("id", "=", own).executeTakeFirstOrThrow();
  return { id: own, creditAt: account.credit_at };
}

/** Members that run through a counter of their own and are asked nothing now, with their settled index. */
export async function runningThrough(tx: Tx) {
  return tx
    .selectFrom("group_member")
    .innerJoin("meter_state", "meter_state.meter_id", "group_member.meter_id")
    .where("group_member.state", "=", "merged")
    .where("group_member.home_credit_at", "=", "meter")
    .where("group_member.command_id", "is", null)
    .where("meter_state.top_ups_stopped", "=", 0)
    .select([
      "group_member.meter_id",
      "group_member.counter_wh",
      "group_member.counter_index_wh",
      "meter_state.settled_index_wh",
    ])
    .orderBy("group_member.meter_id")
    .execute();
}
