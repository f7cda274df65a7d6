import { HOUR_MS, type Instant, instant, later, SECOND_MS } from "#base/time.ts";
import { CREDIT_KINDS, isCredit } from "#domain/command.ts";
import type { LoadGuardSettings } from "#domain/load-guard.ts";
import { HELD_STATES } from "#domain/quarantine.ts";
import { OPEN_STATES } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { meterState } from "#store/meters.ts";
import { updatedRows } from "#store/portable.ts";
import { randomToken } from "#system/crypto.ts";
import type { ClaimedCommand } from "./claimed-command.ts";
import type { FlowContext } from "./context.ts";
import { keyVersionTo } from "./meter-keys.ts";

/** How long a claimed command belongs to its collector; renewed while an exchange takes longer. */
export const COMMAND_LEASE_MS = 30 * SECOND_MS;
/** Candidates looked at in one claim: enough to find one for every idle bus, small enough to stay quick. */
const CANDIDATES_MAX = 500;
/** Nothing of ours puts a command off for so long. */
const PUT_OFF_MS_MAX = HOUR_MS;

/**
 * Takes due commands of concentrators that this collector owns, at most one per meter and top-ups of a meter strictly in order.
 * A claim is a conditional update, so two collectors never hold one command. A lease that ran out, or whose holder has lost the
 * concentrator since (a newer epoch), is taken over at once and marked as one that may have happened.
 */
export async function claimCommands(
  ctx: FlowContext,
  input: { collector: string; concentrators: readonly { id: number; epoch: number }[]; limit: number },
): Promise<ClaimedCommand[]> {
  if (input.concentrators.length === 0) return [];
  const now = ctx.clock();
  const candidates = await dueCommands(
    ctx.db.read,
    input.concentrators.map((each) => each.id),
    now,
  );
  if (candidates.length === 0) return [];
  return ctx.db.transact(async (tx) => {
    const owned = await ownedAmong(tx, input);
    const taken = await metersAtWork(tx, candidates, now);
    const claimed: ClaimedCommand[] = [];
    for (const row of candidates) {
      if (claimed.length >= input.limit) break;
      if (!owned.has(row.concentrator_id) || taken.has(row.meter_id)) continue;
      if (row.state === "waiting" && row.sent_at === null && row.expires_at < now) {
        await expire(ctx, tx, row, now);
        continue;
      }
      if (isCredit(row.kind) && !(await isNextTopUp(tx, row))) continue;
      taken.add(row.meter_id);
      const leaseToken = randomToken(12);
      const result = await tx
        .updateTable("command")
        .set((eb) => ({
          lease_token: leaseToken,
          lease_until: later(now, COMMAND_LEASE_MS),
          lease_epoch: row.epoch,
          attempts: eb("attempts", "+", 1),
        }))
        .where("id", "=", row.id)
        .where("state", "=", row.state)
        .where("lease_until", "=", row.lease_until)
        .where("lease_token", row.lease_token === null ? "is" : "=", row.lease_token)
        .executeTakeFirst();
      if (updatedRows(result) === 1) claimed.push(toClaimed(row, leaseToken));
    }
    return withoutMoved(tx, claimed);
  });
}

/**
 * A meter may have been moved, or exchanged, since its command was found, or while somebody asked for it by where it hung before: such a command
 * follows its meter and is claimed there. Looked at after the claim was written: who moves a meter now takes the claim away.
 */
async function withoutMoved(tx: Tx, claimed: readonly ClaimedCommand[]): Promise<ClaimedCommand[]> {
  if (claimed.length === 0) return [];
  const rows = await tx
    .selectFrom("meter")
    .select(["id", "concentrator_id", "installation"])
    .where(
      "id",
      "in",
      claimed.map((each) => each.meterId),
    )
    .execute();
  const places = new Map(rows.map((row) => [row.id, row]));
  const staying: ClaimedCommand[] = [];
  for (const each of claimed) {
    const place = places.get(each.meterId);
    if (place?.concentrator_id === each.concentratorId && place.installation === each.installation) {
      staying.push(each);
      continue;
    }
    await tx
      .updateTable("command")
      .set({
        ...(place && { concentrator_id: place.concentrator_id }),
        lease_token: null,
        lease_until: 0,
      })
      .where("id", "=", each.id)
      .where("lease_token", "=", each.leaseToken)
      .execute();
  }
  return staying;
}

/** Holds a command longer; false when somebody else has it now. */
export async function renewCommandLease(ctx: FlowContext, claimed: ClaimedCommand): Promise<boolean> {
  const result = await ctx.db.transact((tx) =>
    tx
      .updateTable("command")
      .set({ lease_until: later(ctx.clock(), COMMAND_LEASE_MS) })
      .where("id", "=", claimed.id)
      .where("lease_token", "=", claimed.leaseToken)
      .executeTakeFirst(),
  );
  return updatedRows(result) === 1;
}

/** Gives a command back that was not sent now (bus busy, session gone, guard): it is due again after `retryInMs`. */
export async function returnCommand(
  ctx: FlowContext,
  claimed: ClaimedCommand,
  input: { retryInMs: number; why: string },
): Promise<void> {
  const now = ctx.clock();
  await ctx.db.transact(async (tx) => {
    const result = await tx
      .updateTable("command")
      .set({
        lease_token: null,
        lease_until: 0,
        not_before: later(now, input.retryInMs),
        state_reason: input.why,
        updated_at: now,
      })
      .where("id", "=", claimed.id)
      .where("lease_token", "=", claimed.leaseToken)
      .where("state", "in", [...OPEN_STATES])
      .executeTakeFirst();
    if (updatedRows(result) === 1 && TOLD_TO_THE_CASHIER.has(input.why)) await tellOrder(tx, claimed, input.why, now);
  });
}

/** Why a top-up waits although its meter can be reached: whoever took the money is told. */
const TOLD_TO_THE_CASHIER: ReadonlySet<string> = new Set([
  "security_module",
  "no_meter_key",
  "meter_key_unknown",
  "link_risk",
  "link_not_trusted",
]);

async function tellOrder(tx: Tx, claimed: ClaimedCommand, why: string, now: Instant): Promise<void> {
  await tx
    .updateTable("recharge_order")
    .set({ state_reason: why, updated_at: now })
    .where("command_id", "=", claimed.id)
    .where("state", "=", "booked")
    .where("state_reason", "<>", why)
    .execute();
}

async function ownedAmong(
  tx: Tx,
  input: { collector: string; concentrators: readonly { id: number; epoch: number }[] },
) {
  const rows = await tx
    .selectFrom("concentrator")
    .select(["id", "epoch"])
    .where("owner", "=", input.collector)
    .where(
      "id",
      "in",
      input.concentrators.map((each) => each.id),
    )
    .execute();
  const epochs = new Map(rows.map((row) => [row.id, row.epoch]));
  return new Set(input.concentrators.filter((each) => epochs.get(each.id) === each.epoch).map((each) => each.id));
}

type DueCommand = Awaited<ReturnType<typeof dueCommands>>[number];

function dueCommands(tx: Tx, concentratorIds: readonly number[], now: Instant) {
  return (
    tx
      .selectFrom("command")
      .innerJoin("meter", "meter.id", "command.meter_id")
      .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
      .innerJoin("concentrator", "concentrator.id", "command.concentrator_id")
      .leftJoin("meter as gateway", "gateway.id", "meter.gateway_id")
      .leftJoin("meter_key", "meter_key.meter_id", "command.meter_id")
      .where("command.concentrator_id", "in", [...concentratorIds])
      .where("command.state", "in", [...OPEN_STATES])
      .where((eb) =>
        eb.or([
          eb("command.not_before", "<=", now),
          eb("command.not_before", ">", later(now, PUT_OFF_MS_MAX)), // by a clock that has been put back since
          // It was silent, and has answered something since: worth asking again at once.
          eb.and([
            eb("command.state_reason", "=", "no_answer"),
            eb("meter_state.last_answer_at", ">", eb.ref("command.updated_at")),
          ]),
        ]),
      )
      .where((eb) =>
        eb.or([
          eb("command.lease_until", "<", now),
          eb("command.lease_until", ">", later(now, PUT_OFF_MS_MAX)),
          eb("command.lease_epoch", "<", eb.ref("concentrator.epoch")),
        ]),
      )
      .where((eb) =>
        eb.or([eb("command.kind", "not in", [...CREDIT_KINDS]), eb("meter_state.top_ups_stopped", "=", 0)]),
      )
      // A restored system only asks until the meter has shown where it stands; trips wait for people besides.
      .where((eb) =>
        eb.or([
          eb("command.kind", "=", "read"),
          eb.not(
            eb.exists(
              eb
                .selectFrom("quarantine_meter as held")
                .select("held.meter_id")
                .whereRef("held.meter_id", "=", "command.meter_id")
                .where("held.state", "in", [...HELD_STATES]),
            ),
          ),
        ]),
      )
      .where((eb) =>
        eb.or([
          eb("command.kind", "<>", "trip"),
          eb.not(
            eb.exists(eb.selectFrom("restore_run").select("restore_run.id").where("trips_released_at", "is", null)),
          ),
        ]),
      )
      // Between "sent" and the end of a change of key no top-up is made, and the other way round.
      .where((eb) => eb.or([eb("command.kind", "not in", [...CREDIT_KINDS]), eb("meter_key.next_version", "is", null)]))
      .where((eb) => eb.or([eb("command.kind", "<>", "change_key"), eb("meter_state.top_up_open", "is", null)]))
      .select([
        "command.id",
        "command.meter_id",
        "command.concentrator_id",
        "command.kind",
        "command.cause",
        "command.state",
        "command.sent_at",
        "command.attempts",
        "command.priority",
        "command.payload",
        "command.purchase_number",
        "command.frame_hex",
        "command.key_version",
        "command.expires_at",
        "command.lease_until",
        "command.lease_token",
        "concentrator.epoch",
        "command.created_at",
        "meter.address",
        "meter.installation",
        "meter.bus",
        "gateway.address as via",
        "meter.profile",
        "meter.closes_by",
        "meter_state.purchase_count",
      ])
      .orderBy("command.priority")
      .orderBy("command.created_at")
      .orderBy("command.id")
      .limit(CANDIDATES_MAX)
      .execute()
  );
}

/** Meters of which somebody holds a command under a lease that counts: one command of a meter at a time. */
async function metersAtWork(tx: Tx, candidates: readonly DueCommand[], now: Instant): Promise<Set<number>> {
  const rows = await tx
    .selectFrom("command")
    .innerJoin("concentrator", "concentrator.id", "command.concentrator_id")
    .select("command.meter_id")
    .where("command.meter_id", "in", [...new Set(candidates.map((row) => row.meter_id))])
    .where("command.state", "in", [...OPEN_STATES])
    .where("command.lease_until", ">=", now)
    .whereRef("command.lease_epoch", ">=", "concentrator.epoch")
    .execute();
  return new Set(rows.map((row) => row.meter_id));
}

/** The credit command that is between "sent" and its end, else the oldest of the meter: numbers run without gaps, whatever clocks say. */
async function isNextTopUp(tx: Tx, row: DueCommand): Promise<boolean> {
  const state = await meterState(tx, row.meter_id);
  if (state.top_up_open !== null) return state.top_up_open === row.id;
  const oldest = await tx
    .selectFrom("command")
    .select("id")
    .where("meter_id", "=", row.meter_id)
    .where("kind", "in", [...CREDIT_KINDS])
    .where("state", "in", [...OPEN_STATES])
    .orderBy("created_at")
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  return oldest?.id === row.id;
}

async function expire(ctx: FlowContext, tx: Tx, row: DueCommand, now: Instant): Promise<void> {
  const result = await tx
    .updateTable("command")
    .set({ state: "expired", state_reason: "unreachable", done_at: now, updated_at: now })
    .where("id", "=", row.id)
    .where("state", "=", "waiting")
    .where("sent_at", "is", null)
    .executeTakeFirst();
  if (updatedRows(result) === 0) return;
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: row.meter_id,
      at: now,
      kind: "command_expired",
      severity: "warning",
      detail: { command: row.id, asked: row.kind },
    },
  ]);
}

type Payload = { amount?: number; customer?: string; clock?: boolean; settings?: LoadGuardSettings; total?: number };

function toClaimed(row: DueCommand, leaseToken: string): ClaimedCommand {
  const payload = JSON.parse(row.payload) as Payload;
  const { amount, customer, settings, total, clock } = payload;
  return {
    id: row.id,
    meterId: row.meter_id,
    installation: row.installation,
    concentratorId: row.concentrator_id,
    kind: row.kind,
    cause: row.cause,
    attempts: row.attempts + 1,
    createdAt: instant(row.created_at),
    leaseToken,
    mayHaveHappened: row.sent_at !== null,
    priority: row.priority,
    address: row.address,
    bus: row.bus,
    via: row.via,
    profile: row.profile,
    closesBy: row.closes_by,
    topUp:
      isCredit(row.kind) && amount !== undefined && customer !== undefined ? { act: row.kind, amount, customer } : null,
    expectedCount: isCredit(row.kind) ? row.purchase_count : null,
    purchaseNumber: row.purchase_number,
    frameHex: row.frame_hex,
    keyVersion: row.key_version,
    keyVersionTo: row.kind === "change_key" ? keyVersionTo(row.payload) : null,
    withClock: clock === true,
    loadGuard: settings !== undefined ? { settings } : total !== undefined ? { total } : null,
    expiresAt: instant(row.expires_at),
  };
}
