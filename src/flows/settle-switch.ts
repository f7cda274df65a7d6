import type { Instant } from "#base/time.ts";
import { OPEN_STATES } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { changeMeterState, claimMeterState, type MeterStateChange } from "#store/meters.ts";
import { touchOrder } from "#store/orders.ts";
import type { CommandTable } from "#store/schema-commands.ts";
import type { MeterStateTable } from "#store/schema-readings.ts";
import type { ClaimedCommand } from "./claimed-command.ts";
import type { Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { isAccountInArrears, reconnectMeter } from "./reconnect.ts";

/**
 * A switch command leaves: what the meter was last told is remembered. One that undoes a trip (`undoes`, the second half of a switch test)
 * ends that trip first, so that it is never sent again behind it.
 */
export async function switchSent(tx: Tx, { claimed, command, now }: Settling): Promise<void> {
  const { undoes } = JSON.parse(command.payload) as { undoes?: string };
  if (undoes !== undefined) {
    await tx
      .updateTable("command")
      .set({
        state: "cancelled",
        state_reason: "undone",
        lease_token: null,
        lease_until: 0,
        done_at: now,
        updated_at: now,
      })
      .where("id", "=", undoes)
      .where("state", "in", [...OPEN_STATES])
      .execute();
  }
  await tx
    .updateTable("meter_state")
    .set((eb) => ({
      relay_commanded: claimed.kind === "trip" ? "open" : "closed",
      relay_commanded_for: claimed.cause === "arrears" || claimed.cause === "paid" ? "arrears" : "operator",
      relay_commanded_at: now,
      changed_at: now,
      version: eb("version", "+", 1),
    }))
    .where("meter_id", "=", claimed.meterId)
    .execute();
}

/**
 * A switch command was carried out and read back. A permission to close is only that: the relay stays as it reads until somebody
 * presses the button. A trip for arrears that a payment has overtaken is undone at once.
 */
export async function confirmSwitch(ctx: FlowContext, tx: Tx, at: Settling): Promise<void> {
  const { claimed, command, now } = at;
  if (command.order_no !== null) await touchOrder(tx, command.order_no, now);
  const before = await claimMeterState(tx, claimed.meterId);
  await changeMeterState(tx, {
    meterId: claimed.meterId,
    version: before.version,
    change: { ...shown(claimed, before, now), changed_at: now },
  });
  const showed = claimed.kind === "trip" ? "tripped" : claimed.kind === "close" ? "closed" : null;
  const isTold = showed !== null && (await wasShownSince(tx, command, showed));
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: claimed.meterId,
      at: now,
      kind: showed === null || isTold ? "command_confirmed" : showed,
      severity: showed === "tripped" && !isTold ? "warning" : "info",
      detail: { command: claimed.id, asked: claimed.kind, cause: claimed.cause },
    },
  ]);
  if (claimed.kind === "trip" && claimed.cause === "arrears") await undoIfPaid(ctx, tx, at);
}

/** What the read-back has shown. Safety and an operator's hand outweigh arrears: a payment must not undo them. */
function shown(claimed: ClaimedCommand, before: MeterStateTable, now: Instant): MeterStateChange {
  if (claimed.kind === "close") return { relay: "closed", relay_at: now, off_cause: null };
  if (claimed.kind === "permit_close") return {};
  const weightier = before.relay === "open" && (before.off_cause === "safety" || before.off_cause === "operator");
  const cause = claimed.cause === "arrears" ? "arrears" : "operator";
  return { relay: "open", relay_at: now, off_cause: weightier ? before.off_cause : cause };
}

/** Whether a routine look has told of the relay's last move before its command was read back: one move is told once. */
async function wasShownSince(tx: Tx, command: CommandTable, kind: "tripped" | "closed"): Promise<boolean> {
  if (command.sent_at === null) return false;
  const told = await tx
    .selectFrom("meter_event")
    .select("kind")
    .where("meter_id", "=", command.meter_id)
    .where("at", ">=", command.sent_at)
    .where("kind", "in", ["tripped", "closed"])
    .orderBy("at", "desc")
    .limit(1)
    .executeTakeFirst();
  return told?.kind === kind;
}

async function undoIfPaid(ctx: FlowContext, tx: Tx, at: Settling): Promise<void> {
  const meter = await tx
    .selectFrom("meter")
    .select(["account_id", "mode"])
    .where("id", "=", at.claimed.meterId)
    .executeTakeFirstOrThrow();
  if (meter.account_id === null) return;
  if (meter.mode === "prepaid" && (await isAccountInArrears(tx, meter.account_id))) return;
  await reconnectMeter(ctx, tx, {
    cause: `after-${at.claimed.id}`,
    orderNo: null,
    meterId: at.claimed.meterId,
    actor: "system",
    now: at.now,
  });
}

/** The meter has said no: it was not told so after all, and whatever its relay does later has another cause. */
export async function forgetWanted(tx: Tx, claimed: ClaimedCommand): Promise<void> {
  await tx
    .updateTable("meter_state")
    .set((eb) => ({ relay_commanded: null, relay_commanded_for: null, version: eb("version", "+", 1) }))
    .where("meter_id", "=", claimed.meterId)
    .execute();
}
