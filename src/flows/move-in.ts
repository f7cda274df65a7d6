import { AppError, assert } from "#base/errors.ts";
import { dayOf, type Instant, parseDay, startOfDay } from "#base/time.ts";
import type { MovedIn, MoveInRequest } from "#contract/move-outs.ts";
import type { Actor } from "#domain/permission.ts";
import { heldWh } from "#domain/refund.ts";
import { TAKEN_BACK } from "#domain/withdrawal.ts";
import { topUpsMax } from "#protocol/profiles.ts";
import { addAudit } from "#store/audit.ts";
import { cancelUnsent, OPEN_STATES } from "#store/commands.ts";
import { isCustomerInScope } from "#store/customers.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { balanceOf } from "#store/ledger.ts";
import { openLots } from "#store/lots.ts";
import { claimMeterState, meterToAct } from "#store/meters.ts";
import { lastMoveOutOfMeter, openMoveOutOfMeter } from "#store/move-outs.ts";
import { insertIgnore, updatedRows } from "#store/portable.ts";
import { nextNumbers } from "#store/sequences.ts";
import { Stale } from "#store/stale.ts";
import { faultPoint } from "#system/fault-point.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

type Meter = NonNullable<Awaited<ReturnType<typeof meterToAct>>>;
/** Customer numbers that are made up are looked for so often before it is said that something is wrong. */
const NUMBER_TRIES = 50;

/**
 * A new tenant begins (入住) at vacant meters, with nothing: a customer, an account of its own for each meter, and a tenancy from a day on.
 * What the meter knows as its customer stays the number that is in it. The same key again answers with the same tenant; a number that
 * somebody of another name has is refused.
 */
export async function moveIn(
  ctx: FlowContext,
  actor: Actor,
  input: MoveInRequest & { ip: string },
): Promise<MovedIn & { created: boolean }> {
  const done = await decide(ctx.db, (tx) => beginTenancy(ctx, tx, actor, input));
  if (done.created) ctx.log.info({ customer: done.customerId, meters: input.meterIds }, "tenant moved in");
  return done;
}

/** The same inside a transaction that does more than this. */
export async function beginTenancy(
  ctx: FlowContext,
  tx: Tx,
  actor: Actor,
  input: MoveInRequest & { ip: string },
): Promise<MovedIn & { created: boolean }> {
  const meterIds = [...new Set(input.meterIds)].sort((a, b) => a - b);
  const meters: Meter[] = [];
  for (const id of meterIds) {
    const meter = await meterToAct(tx, actor.scope, id);
    if (!meter) throw new AppError("meter_not_found");
    meters.push(meter);
  }
  const earlier = await beganBefore(tx, input, meterIds);
  if (earlier) return { ...earlier, created: false };
  const now = ctx.clock();
  const from = firstDay(input.from, now);
  for (const id of meterIds) await claimMeterState(tx, id);
  if (await beganBefore(tx, input, meterIds)) throw new Stale(`move-in ${input.key}`); // beside this one, and first
  const projectId = await demandVacant(tx, actor, meterIds);
  const customer = await customerOf(tx, actor, { ...input, projectId, now });
  for (const meter of meters) await beginAt(ctx, tx, { meter, customer, input, from, now, actor });
  faultPoint("move-out:before-commit");
  return { customerId: customer.id, number: customer.number, created: true };
}

/** The tenant that this key began before; null when it is new. */
async function beganBefore(tx: Tx, input: MoveInRequest, meterIds: readonly number[]): Promise<MovedIn | null> {
  const rows = await tx
    .selectFrom("tenancy")
    .innerJoin("customer", "customer.id", "tenancy.customer_id")
    .select(["tenancy.meter_id", "customer.id", "customer.number", "customer.name", "customer.phone"])
    .where("tenancy.idem_key", "=", input.key)
    .orderBy("tenancy.meter_id")
    .execute();
  const [first] = rows;
  if (first === undefined) return null;
  const isSame = rows.map((row) => row.meter_id).join() === meterIds.join() && first.name === input.name;
  if (!isSame) throw new AppError("move_in_key_conflict");
  return { customerId: first.id, number: first.number };
}

function firstDay(text: string, now: Instant): Instant {
  const day = parseDay(text);
  if (day === null || day > dayOf(now)) throw new AppError("move_in_day_invalid");
  return startOfDay(day);
}

/** Nobody rents them, and nothing is left on them. Answers their project. */
async function demandVacant(tx: Tx, actor: Actor, meterIds: readonly number[]): Promise<number> {
  let projectId: number | null = null;
  for (const id of meterIds) {
    const meter = await meterToAct(tx, actor.scope, id);
    if (!meter) throw new AppError("meter_not_found");
    if (meter.account_id !== null) throw new AppError("meter_occupied");
    const moving = await openMoveOutOfMeter(tx, id);
    if (moving !== null) throw new AppError("moving_out", { moveOutNo: moving });
    const credit = await balanceOf(tx, { kind: "meter_credit", ref: id });
    if (credit.posted !== 0 || heldWh(await openLots(tx, id)) > 0)
      throw new AppError("meter_not_empty", { label: meter.label });
    if (projectId !== null && projectId !== meter.project_id) throw new AppError("meters_of_two_customers");
    projectId = meter.project_id;
  }
  assert(projectId !== null, "somebody moves in at a meter");
  return projectId;
}

async function customerOf(
  tx: Tx,
  actor: Actor,
  input: { projectId: number; number: string; name: string; phone: string; now: Instant },
): Promise<{ id: number; number: string }> {
  const known = input.number === "" ? undefined : await customerByNumber(tx, input.projectId, input.number);
  if (known !== undefined) {
    // Somebody from elsewhere would bring a wallet and debts along that are not this operator's business.
    const isKnownHere = await isCustomerInScope(tx, actor.scope, known.id);
    if (known.name !== input.name || !isKnownHere)
      throw new AppError("customer_number_taken", { number: input.number });
    return { id: known.id, number: input.number };
  }
  const number = input.number === "" ? await freeCustomerNumber(tx, input.projectId) : input.number;
  const id = await nextNumbers(tx, "customer");
  const { projectId, name, phone, now } = input;
  await tx.insertInto("customer").values({ id, project_id: projectId, number, name, phone, created_at: now }).execute();
  return { id, number };
}

function customerByNumber(tx: Tx, projectId: number, number: string) {
  return tx
    .selectFrom("customer")
    .select(["id", "name"])
    .where("project_id", "=", projectId)
    .where("number", "=", number)
    .executeTakeFirst();
}

/** Numbers of tenants who came later begin with 9: meters and archives begin with other digits. */
async function freeCustomerNumber(tx: Tx, projectId: number): Promise<string> {
  for (let i = 0; i < NUMBER_TRIES; i++) {
    const number = `9${String(await nextNumbers(tx, "customer_number")).padStart(11, "0")}`;
    if ((await customerByNumber(tx, projectId, number)) === undefined) return number;
  }
  throw new Stale("customer number");
}

/** Accounts have 12 digits and no two are the same. */
async function freeAccountNumber(tx: Tx): Promise<string> {
  for (let i = 0; i < NUMBER_TRIES; i++) {
    const number = `9${String(await nextNumbers(tx, "account_number")).padStart(11, "0")}`;
    const taken = await tx.selectFrom("account").select("id").where("number", "=", number).executeTakeFirst();
    if (taken === undefined) return number;
  }
  throw new Stale("account number");
}

type Beginning = {
  meter: Meter;
  customer: { id: number; number: string };
  input: MoveInRequest & { ip: string };
  from: Instant;
  now: Instant;
  actor: Actor;
};

async function beginAt(ctx: FlowContext, tx: Tx, beginning: Beginning): Promise<void> {
  const { meter, customer, input, from, now, actor } = beginning;
  const last = await lastAccount(tx, meter.id);
  const number = await freeAccountNumber(tx);
  const accountId = await nextNumbers(tx, "account");
  // Behind transformers a meter counts other units than are sold; ratio and model may have been changed since the last tenant.
  const canHold = topUpsMax(meter.profile) !== null && meter.ratio === 1;
  const creditAt = canHold ? (last?.credit_at ?? "meter") : "server";
  await tx
    .insertInto("account")
    .values({
      id: accountId,
      customer_id: customer.id,
      number,
      credit_at: creditAt,
      overdraft_e4: 0,
      arrears_evaluations: 0,
      arrears_reading_at: 0,
      version: 0,
    })
    .execute();
  // A meter keeps the customer number that is in it: top-ups must name that one.
  if (last !== null)
    await insertIgnore(tx, "meter_customer_number", [{ meter_id: meter.id, number: last.number }], ["meter_id"]);
  const moveOut = await lastMoveOutOfMeter(tx, meter.id);
  const wasLent = moveOut?.afterwards === "public" && meter.mode === "public";
  const taken = await tx
    .updateTable("meter")
    .set({ account_id: accountId, ...(wasLent ? { mode: "prepaid" as const } : {}) })
    .where("id", "=", meter.id)
    .where("account_id", "is", null)
    .executeTakeFirst();
  if (updatedRows(taken) === 0) throw new Stale(`meter ${meter.id}`);
  await endVacancyCut(tx, meter.id, moveOut?.move_out_no ?? null, now);
  await beginAtZero(tx, meter.id, { creditAt, now, moveOutNo: moveOut?.move_out_no ?? null });
  const tenancy = { meter_id: meter.id, account_id: accountId, customer_id: customer.id };
  const room = await tx.selectFrom("meter").select("room_id").where("id", "=", meter.id).executeTakeFirstOrThrow();
  await tx
    .insertInto("tenancy")
    .values({
      ...tenancy,
      id: ctx.newId(now),
      room_id: room.room_id,
      from_at: Math.max(from, moveOut?.done_at ?? 0),
      until_at: null,
      move_out_no: null,
      idem_key: input.key,
    })
    .execute();
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: meter.id,
      at: now,
      kind: "moved_in",
      severity: "info",
      detail: { customer: customer.number, by: actor.name },
    },
  ]);
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: actor.login,
    action: "move_in",
    object: `meter:${meter.id}`,
    before: null,
    after: { customer: customer.number, name: input.name, account: number, from: input.from },
    reason: "",
    ip: input.ip,
  });
}

/** The account that a meter had last: who holds the credit, and which number is in the meter. */
async function lastAccount(tx: Tx, meterId: number) {
  const row = await tx
    .selectFrom("tenancy")
    .innerJoin("account", "account.id", "tenancy.account_id")
    .select(["account.number", "account.credit_at"])
    .where("tenancy.meter_id", "=", meterId)
    .orderBy("tenancy.until_at", "desc")
    .orderBy("tenancy.id", "desc")
    .executeTakeFirst();
  return row ?? null;
}

/**
 * What ran through while the room was empty is nobody's. Supply that was cut because the room was empty counts as cut for want of
 * credit: the tenant's first recharge brings it back.
 */
async function beginAtZero(
  tx: Tx,
  meterId: number,
  input: { creditAt: "meter" | "server"; now: Instant; moveOutNo: string | null },
): Promise<void> {
  const state = await tx
    .selectFrom("meter_state")
    .selectAll()
    .where("meter_id", "=", meterId)
    .executeTakeFirstOrThrow();
  const cut =
    input.moveOutNo === null
      ? undefined
      : await tx
          .selectFrom("command")
          .select(["id", "created_at"])
          .where("idem_key", "=", `move-out:${input.moveOutNo}:open:${meterId}`)
          .executeTakeFirst();
  // Told to open by somebody since: that was another reason, and stays one.
  const isOurs = cut !== undefined && state.relay_commanded === "open" && !(await isToldSince(tx, meterId, cut));
  await tx
    .updateTable("meter_state")
    .set((eb) => ({
      settled_index_wh: state.index_wh,
      settled_at: Math.max(state.index_at, state.settled_at),
      settled_residue: 0,
      changed_at: input.now,
      version: eb("version", "+", 1),
      ...(input.creditAt === "server" ? { remaining_wh: 0, remaining_at: input.now } : {}),
      ...(isOurs ? { relay_commanded_for: "arrears" as const } : {}),
      ...(isOurs && state.off_cause === "operator" ? { off_cause: "arrears" as const } : {}),
    }))
    .where("meter_id", "=", meterId)
    .execute();
}

/** The room is not empty any more: a cut for that reason that was not sent is taken back; one that is on its way is waited for. */
async function endVacancyCut(tx: Tx, meterId: number, moveOutNo: string | null, now: Instant): Promise<void> {
  if (moveOutNo === null) return;
  const cut = await tx
    .selectFrom("command")
    .select(["id", "state"])
    .where("idem_key", "=", `move-out:${moveOutNo}:open:${meterId}`)
    .executeTakeFirst();
  if (cut === undefined || !OPEN_STATES.includes(cut.state)) return;
  const isTaken = await cancelUnsent(tx, { commandId: cut.id, why: "occupied", at: now });
  if (!isTaken) throw new AppError("move_in_switching");
}

async function isToldSince(tx: Tx, meterId: number, cut: { id: string; created_at: number }): Promise<boolean> {
  const later = await tx
    .selectFrom("command")
    .select("id")
    .where("meter_id", "=", meterId)
    .where("kind", "in", ["trip", "close", "permit_close"])
    .where("created_at", ">=", cut.created_at)
    .where("id", "<>", cut.id)
    .where("state_reason", "<>", TAKEN_BACK)
    .limit(1)
    .executeTakeFirst();
  return later !== undefined;
}
