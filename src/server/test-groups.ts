import { WAITS_FOR_MAIN } from "#domain/group.ts";
import { type Actor, permissions, SCOPE_ALL } from "#domain/permission.ts";
import { requestMerge } from "#flows/merge.ts";
import type { Db } from "#store/db.ts";
import { systemClock } from "#system/clock.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";

const MAIN = 31;
const SUB = 32;
const boss: Actor = { userId: 1, login: "boss", name: "老板", permissions: new Set(permissions), scope: SCOPE_ALL };

/** Two more meters of one customer, beside the streets of the test town and outside everybody's areas. */
async function house(db: Db): Promise<void> {
  const { read } = db;
  if (await read.selectFrom("meter").select("id").where("id", "=", MAIN).executeTakeFirst()) return;
  const model = await read.selectFrom("meter").selectAll().where("id", "=", 22).executeTakeFirstOrThrow();
  const state = await read.selectFrom("meter_state").selectAll().where("meter_id", "=", 22).executeTakeFirstOrThrow();
  const account = await read
    .selectFrom("account")
    .selectAll()
    .where("id", "=", model.account_id ?? 0)
    .executeTakeFirstOrThrow();
  const customer = await read
    .selectFrom("customer")
    .selectAll()
    .where("id", "=", account.customer_id)
    .executeTakeFirstOrThrow();
  await db.transact(async (tx) => {
    await tx
      .insertInto("customer")
      .values({ ...customer, id: MAIN, number: "house" })
      .execute();
    for (const id of [MAIN, SUB]) {
      await tx
        .insertInto("account")
        .values({ ...account, id, customer_id: MAIN, number: `house-${id}` })
        .execute();
      const own = { id, account_id: id, number: `house-${id}`, address: String(id).padStart(12, "0"), room_id: null };
      await tx
        .insertInto("meter")
        .values({ ...model, ...own })
        .execute();
      const { settle_due: _, ...row } = state as typeof state & { settle_due?: number };
      await tx
        .insertInto("meter_state")
        .values({ ...row, meter_id: id })
        .execute();
    }
  });
}

/** A group in the state in which this route has something to do, and the meter that it is about. */
export async function prepareGroup(
  db: Db,
  path: string,
  command: string,
): Promise<{ group?: string; groupMeter?: number }> {
  if (!path.startsWith("/api/groups")) return {};
  await house(db);
  if (!path.includes(":groupNo")) return {};
  const open = await db.read.selectFrom("meter_group").select("group_no").where("state", "=", "active").execute();
  const ctx = { db, clock: systemClock, newId, log: silentLog };
  const asked = { key: newId(systemClock()), mainMeterId: MAIN, meterIds: [SUB], reason: "试", ip: "" };
  const mine = open.map((row) => row.group_no).find((no) => !no.startsWith("G9"));
  const group = mine ?? (await requestMerge(ctx, boss, asked)).groupNo;
  const member = db.transact((tx) =>
    tx
      .updateTable("group_member")
      .set(
        path.endsWith("/withdraw")
          ? { state: "merging", state_reason: WAITS_FOR_MAIN, command_id: null, open_meter_id: SUB }
          : { state: "merged", command_id: path.endsWith("/recheck") ? command : null, open_meter_id: SUB },
      )
      .where("group_no", "=", group)
      .where("meter_id", "=", SUB)
      .execute(),
  );
  await member;
  if (path.endsWith("/recheck"))
    await db.transact((tx) => tx.updateTable("command").set({ state: "stopped" }).where("id", "=", command).execute());
  return { group, groupMeter: SUB };
}

/** A group of a meter that somebody else looks after. */
export async function foreignGroup(db: Db, path: string, meterId: number): Promise<{ group?: string }> {
  if (!path.includes(":groupNo")) return {};
  const group = `G9${String(meterId).padStart(10, "0")}`;
  if (await db.read.selectFrom("meter_group").select("group_no").where("group_no", "=", group).executeTakeFirst())
    return { group };
  await db.transact(async (tx) => {
    const made = { created_by: "test", created_at: 1, ended_at: null, updated_at: 1, version: 0 };
    const of = { project_id: 1, customer_id: meterId, account_id: meterId, main_meter_id: meterId };
    await tx
      .insertInto("meter_group")
      .values({ group_no: group, ...of, state: "active", ...made })
      .execute();
    await tx
      .insertInto("group_member")
      .values({
        id: group,
        group_no: group,
        meter_id: meterId,
        open_meter_id: meterId,
        is_main: 1,
        home_account_id: meterId,
        home_credit_at: "server",
        state: "merged",
        state_reason: "",
        brought_e4: 0,
        brought_wh: null,
        counter_wh: null,
        counter_index_wh: null,
        command_id: null,
        command_wh: 0,
        commands: 0,
        share_e4: null,
        share_wh: null,
        requested_by: "test",
        requested_at: 1,
        joined_at: 1,
        left_at: null,
        updated_at: 1,
      })
      .execute();
  });
  return { group };
}

/** What each route about merged accounts is asked by somebody who may, by its path. */
export function groupBodies(of: { meter: number }): Record<string, object> {
  const merge = { mainMeterId: MAIN, meterIds: [SUB] };
  return {
    "/api/groups/preview": merge,
    "/api/groups": { ...merge, key: `key-${of.meter}-group`, reason: "试" },
    "/api/groups/:groupNo/unmerge/preview": { shares: [{ meterId: SUB, amount: "0" }] },
    "/api/groups/:groupNo/unmerge": {
      key: `key-${of.meter}-unmerge`,
      shares: [{ meterId: SUB, amount: "0" }],
      reason: "试",
    },
    "/api/groups/:groupNo/members/:meterId/withdraw": { reason: "试" },
    "/api/groups/:groupNo/members/:meterId/recheck": { reason: "试" },
  };
}
