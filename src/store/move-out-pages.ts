import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import { formatMoney, money } from "#base/units.ts";
import type { MoveOut, MoveOutFilter, MoveOutLine, MoveOutMeter, Sheet, Tenant } from "#contract/move-outs.ts";
import { MOVING_OUT } from "#domain/move-out.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { everyPage } from "./every-page.ts";
import { mentions } from "./mentions.ts";
import {
  clearsOf,
  metersOfMoveOut,
  moveOutInScope,
  openMoveOutOfMeter,
  scopedMoveOuts,
  sheetsOf,
} from "./move-outs.ts";
import type { Schema } from "./schema.ts";
import type { MoveOutMeterTable, MoveOutTable, RefundTable } from "./schema-refunds.ts";
import { inScope } from "./scope.ts";

/** A move-out for its page, with all that its meters say now; null outside the scope. */
export async function moveOutView(tx: Tx, scope: Scope, moveOutNo: string): Promise<MoveOut | null> {
  const row = await moveOutInScope(tx, scope, moveOutNo);
  if (!row) return null;
  const customer = await tx
    .selectFrom("customer")
    .innerJoin("project", "project.id", "customer.project_id")
    .select(["customer.number", "customer.name", "customer.phone", "project.name as project"])
    .where("customer.id", "=", row.customer_id)
    .executeTakeFirstOrThrow();
  const clears = await clearsOf(tx, moveOutNo);
  const meters: MoveOutMeter[] = [];
  for (const of of await metersOfMoveOut(tx, moveOutNo)) meters.push(await meterView(tx, of, clears));
  const sheets = await sheetsOf(tx, moveOutNo);
  const newest = sheets.at(-1);
  return {
    moveOutNo,
    state: row.state,
    place: row.place,
    roomId: row.room_id,
    project: customer.project,
    customerId: row.customer_id,
    customer: customer.name,
    customerNumber: customer.number,
    phone: customer.phone,
    method: row.method,
    afterwards: row.afterwards,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    confirmedBy: row.confirmed_by,
    paidBy: row.paid_by,
    payoutNote: row.payout_note,
    doneAt: row.done_at,
    version: row.version,
    meters,
    sheet: newest === undefined ? null : (JSON.parse(newest.sheet) as Sheet),
    rev: newest?.rev ?? 0,
    isFinal: newest?.is_final === 1,
    earlier: sheets.slice(0, -1).map((sheet) => ({
      rev: sheet.rev,
      at: sheet.made_at,
      payable: formatMoney(money(sheet.payable_e4)),
      owed: formatMoney(money(sheet.owed_e4)),
      by: sheet.made_by,
    })),
    approval: await approvalView(
      tx,
      sheets.flatMap((sheet) => sheet.approval_id ?? []),
    ),
    cancellable: isCancellable(row, clears, meters),
  };
}

async function meterView(tx: Tx, of: MoveOutMeterTable, clears: readonly RefundTable[]): Promise<MoveOutMeter> {
  const meter = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .innerJoin("account", (join) => join.on("account.id", "=", of.account_id))
    .select(["meter.label", "meter.number", "meter.kind", "account.credit_at", "concentrator.online"])
    .select(["meter_state.index_wh", "meter_state.index_at", "meter_state.remaining_wh", "meter_state.remaining_at"])
    .select("meter_state.relay")
    .where("meter.id", "=", of.meter_id)
    .executeTakeFirstOrThrow();
  const clear = clears.find((each) => each.meter_id === of.meter_id);
  const read = await commandOf(tx, of.read_command_id);
  const clearing = await commandOf(tx, clear?.command_id ?? null);
  return {
    meterId: of.meter_id,
    label: meter.label,
    number: meter.number,
    meterKind: meter.kind,
    creditAt: meter.credit_at,
    reachable: meter.online === 1,
    readState: read?.state ?? null,
    readReason: read?.state_reason ?? "",
    source: of.source,
    sourceReason: of.source_reason,
    indexWh: of.index_wh,
    remainingWh: of.remaining_wh,
    readAt: of.read_at,
    nowIndexWh: meter.index_wh,
    nowIndexAt: meter.index_at,
    nowRemainingWh: meter.remaining_wh,
    nowRemainingAt: meter.remaining_at,
    relay: meter.relay,
    clear:
      clear === undefined
        ? null
        : {
            refundNo: clear.refund_no,
            state: clear.state,
            stateReason: clear.state_reason === "" ? (clearing?.state_reason ?? "") : clear.state_reason,
            commandState: clearing?.state ?? null,
            takenWh: clear.taken_wh,
            purchaseNumber: clear.purchase_number,
            confirmedAt: clear.confirmed_at,
            onSite: clear.command_id === null,
          },
  };
}

async function commandOf(tx: Tx, id: string | null) {
  if (id === null) return undefined;
  return tx.selectFrom("command").select(["state", "state_reason"]).where("id", "=", id).executeTakeFirst();
}

/** The newest request of its sheets: what was agreed to at first holds on when the end comes to no more. */
async function approvalView(tx: Tx, ids: readonly string[]): Promise<MoveOut["approval"]> {
  const id = ids.at(-1);
  if (id === undefined) return null;
  const row = await tx.selectFrom("approval").selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) return null;
  return {
    id,
    state: row.state,
    amount: formatMoney(money(row.amount_e4)),
    requestedBy: row.requested_by,
    decidedBy: row.decided_by,
    decisionReason: row.decision_reason,
  };
}

const ENDED_WITHOUT: readonly RefundTable["state"][] = ["refused", "withdrawn", "rejected"];

function isCancellable(row: MoveOutTable, clears: readonly RefundTable[], meters: readonly MoveOutMeter[]): boolean {
  if (row.state === "reading" || row.state === "calculated") return true;
  if (row.state !== "clearing") return false;
  const isUnsent = meters.every((meter) => meter.clear?.commandState == null || meter.clear.commandState === "waiting");
  return isUnsent && clears.every((each) => each.state === "approved" || ENDED_WITHOUT.includes(each.state));
}

/** The newest move-outs of the scope that the filter holds. */
export async function moveOutLines(
  tx: Tx,
  scope: Scope,
  input: MoveOutFilter & { before?: string | undefined; limit: number },
): Promise<{ items: MoveOutLine[]; more: boolean }> {
  const rows = await scopedMoveOuts(tx, scope)
    .innerJoin("customer", "customer.id", "move_out.customer_id")
    .selectAll("move_out")
    .select(["customer.name as customer_name", "customer.number as customer_number"])
    .select((eb) =>
      eb
        .selectFrom("move_out_meter")
        .whereRef("move_out_meter.move_out_no", "=", "move_out.move_out_no")
        .select((inner) => inner.fn.countAll<number>().as("meters"))
        .as("meters"),
    )
    .where((eb) => holds(eb, input))
    .$if(input.before !== undefined, (query) => query.where("move_out.move_out_no", "<", input.before ?? ""))
    .orderBy("move_out.move_out_no", "desc")
    .limit(input.limit + 1)
    .execute();
  const shown = rows.slice(0, input.limit);
  const sums = await newestSums(
    tx,
    shown.map((row) => row.move_out_no),
  );
  return {
    items: shown.map((row) => {
      // What was calculated and given up is owed by nobody.
      const sum = row.state === "cancelled" ? undefined : sums.get(row.move_out_no);
      return {
        moveOutNo: row.move_out_no,
        state: row.state,
        place: row.place,
        customer: row.customer_name,
        customerNumber: row.customer_number,
        meters: Number(row.meters),
        payable: sum === undefined ? null : formatMoney(money(sum.payable_e4)),
        owed: sum === undefined ? null : formatMoney(money(sum.owed_e4)),
        method: row.method,
        createdBy: row.created_by,
        createdAt: row.created_at,
        doneAt: row.done_at,
      };
    }),
    more: rows.length > input.limit,
  };
}

async function newestSums(tx: Tx, numbers: readonly string[]) {
  if (numbers.length === 0) return new Map<string, { payable_e4: number; owed_e4: number }>();
  const rows = await tx
    .selectFrom("move_out_sheet")
    .select(["move_out_no", "payable_e4", "owed_e4"])
    .where("move_out_no", "in", [...numbers])
    .orderBy("rev")
    .execute();
  return new Map(rows.map((row) => [row.move_out_no, row]));
}

type Listed = Pick<Schema, "move_out" | "customer">;

function holds(eb: ExpressionBuilder<Listed, keyof Listed>, filter: MoveOutFilter): Expression<SqlBool> {
  const all: Expression<SqlBool>[] = [];
  if (filter.state === "open") all.push(eb("move_out.state", "in", [...MOVING_OUT]));
  else if (filter.state !== undefined) all.push(eb("move_out.state", "=", filter.state));
  const text = filter.search ?? "";
  if (text !== "") {
    const columns = ["move_out.move_out_no", "move_out.place", "customer.name", "customer.number"] as const;
    all.push(mentions(eb, columns, text));
  }
  return all.length === 0 ? sql<SqlBool>`1 = 1` : eb.and(all);
}

/** Every move-out that the filter holds, newest first, page by page. */
export function everyMoveOut(tx: Tx, scope: Scope, filter: MoveOutFilter): AsyncGenerator<MoveOutLine> {
  return everyPage(
    (at) => moveOutLines(tx, scope, { ...filter, ...at }),
    (line) => line.moveOutNo,
  );
}

/** Who rents where a meter hangs, and what of his may move out with it; null outside the scope. A vacant meter's room is told whole. */
export async function tenantOf(
  tx: Tx,
  scope: Scope,
  meterId: number,
  clearsRemotely: (profile: string) => boolean,
): Promise<Tenant | null> {
  const meter = await tx
    .selectFrom("meter")
    .leftJoin("room", "room.id", "meter.room_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .select(["meter.label", "meter.room_id", "room.name as room", "customer.id", "customer.number", "customer.name"])
    .select("customer.phone")
    .where("meter.id", "=", meterId)
    .where((eb) => inScope(eb, scope))
    .executeTakeFirst();
  if (!meter) return null;
  const rows = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .innerJoin("concentrator", "concentrator.id", "meter.concentrator_id")
    .leftJoin("room", "room.id", "meter.room_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .where((eb) => inScope(eb, scope))
    .where((eb) => {
      if (meter.id !== null) return eb("account.customer_id", "=", meter.id);
      const isVacant = eb("meter.account_id", "is", null);
      const isHere = meter.room_id === null ? eb("meter.id", "=", meterId) : eb("meter.room_id", "=", meter.room_id);
      return eb.and([isVacant, isHere]);
    })
    .select(["meter.id", "meter.label", "meter.number", "meter.kind", "meter.room_id", "meter.profile"])
    .select(["meter.account_id", "meter.switch_kind", "room.name as room", "account.credit_at", "concentrator.online"])
    .select(["meter_state.remaining_wh", "meter_state.remaining_at"])
    .orderBy("meter.label")
    .orderBy("meter.id")
    .execute();
  const owned =
    meter.id === null
      ? rows.length
      : Number(
          (
            await tx
              .selectFrom("meter")
              .innerJoin("account", "account.id", "meter.account_id")
              .where("account.customer_id", "=", meter.id)
              .select((eb) => eb.fn.countAll<number>().as("count"))
              .executeTakeFirstOrThrow()
          ).count,
        );
  return {
    meterId,
    customer:
      meter.id === null
        ? null
        : { customerId: meter.id, number: meter.number ?? "", name: meter.name ?? "", phone: meter.phone ?? "" },
    roomId: meter.room_id,
    place: meter.room ?? meter.label,
    moveOutNo: await openMoveOutOfMeter(tx, meterId),
    meters: rows.map((row) => ({
      meterId: row.id,
      label: row.label,
      number: row.number,
      meterKind: row.kind,
      roomId: row.room_id,
      roomName: row.room ?? row.label,
      accountId: row.account_id,
      creditAt: row.credit_at,
      clearsRemotely: clearsRemotely(row.profile),
      hasSwitch: row.switch_kind !== "none",
      reachable: row.online === 1,
      remainingWh: row.remaining_wh,
      remainingAt: row.remaining_at,
    })),
    metersElsewhere: owned > rows.length,
  };
}
