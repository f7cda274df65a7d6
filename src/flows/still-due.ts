import { type Instant, instant } from "#base/time.ts";
import { decideTrip } from "#domain/arrears.ts";
import { isSafetyHeld } from "#domain/switching.ts";
import { provesSwitch } from "#protocol/profiles.ts";
import type { Tx } from "#store/db.ts";
import { loadGuardOf } from "#store/load-guard.ts";
import { meterState } from "#store/meters.ts";
import { paymentInFlight } from "#store/orders.ts";
import type { CommandTable } from "#store/schema-commands.ts";
import { batchOfCommand, type KnownMeter, wasPaidSince } from "#store/switch-batches.ts";
import { linkRefusal } from "./link-risk.ts";
import { noCutUntil, standingOf } from "./standing.ts";

/**
 * Whether a switch command may still leave: asked in the very transaction that marks it sent, because minutes lie between deciding
 * and sending, and somebody may have paid, set a guard, or gone to work on the line. Null: yes; else the first reason why not.
 */
export async function whyNotDue(tx: Tx, command: CommandTable, now: Instant): Promise<string | null> {
  if (command.kind === "trip") return whyNoTrip(tx, command, now);
  if (command.kind === "release_load_guard") return (await isSameLock(tx, command)) ? null : "guard_changed";
  const state = await meterState(tx, command.meter_id);
  // Its guard holds it: the meter would refuse, and what is wrong on the line has to be looked for first.
  if (isSafetyHeld({ offCause: state.off_cause })) return "off_by_safety";
  if (command.cause !== "paid") return whyNotUndone(command, state.off_cause);
  if (await isOwing(tx, command.meter_id)) return "in_arrears";
  return state.off_cause === "operator" ? "off_by_operator" : null;
}

/** Whether the lock-out that somebody has looked into is still the one that holds the meter. */
async function isSameLock(tx: Tx, command: CommandTable): Promise<boolean> {
  const guard = await loadGuardOf(tx, command.meter_id);
  const { total } = JSON.parse(command.payload) as { total: number };
  return guard?.state === "locked" && guard.total === total;
}

/**
 * Whether a close is the second half of a switch test. Where the meter's guard has opened the relay meanwhile it waits, rather than end: once the guard
 * lets go, the trip of the test would still keep supply off.
 */
export function undoesTrip(command: CommandTable): boolean {
  return (JSON.parse(command.payload) as { undoes?: string }).undoes !== undefined;
}

/** The close that ends a switch test brings back what the test took, and nothing that arrears have taken since. */
function whyNotUndone(command: CommandTable, cause: string | null): string | null {
  return undoesTrip(command) && cause === "arrears" ? "off_by_arrears" : null;
}

/** Whether the meter is prepaid, its account has its credit on the server, and is in arrears again since the close was asked for. */
async function isOwing(tx: Tx, meterId: number): Promise<boolean> {
  const account = await tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .select("account.id")
    .where("meter.id", "=", meterId)
    .where("meter.mode", "=", "prepaid")
    .where("account.credit_at", "=", "server")
    .executeTakeFirst();
  return account !== undefined && (await standingOf(tx, account.id)).inArrears;
}

async function whyNoTrip(tx: Tx, command: CommandTable, now: Instant): Promise<string | null> {
  const meter = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .leftJoin("account", "account.id", "meter.account_id")
    .select([
      "meter.mode",
      "meter.profile",
      "meter.supply_guard",
      "meter_state.switch_fault",
      "account.id as account_id",
      "account.customer_id",
    ])
    .where("meter.id", "=", command.meter_id)
    .executeTakeFirstOrThrow();
  if (meter.supply_guard === 1) return "guarded";
  const overLink = await linkRefusal(tx, command.meter_id, "trip");
  if (overLink !== null) return overLink;
  // For an empty room only: somebody has moved in since.
  if (/^(move-out|trial-vacant):/.test(command.idem_key) && meter.account_id !== null) return "occupied";
  if (command.cause === "operator") return whyNotOfBatch(tx, command, meter);
  const evidence = await tx
    .selectFrom("off_evidence")
    .select(["reading_at", "evaluations"])
    .where("command_id", "=", command.id)
    .executeTakeFirst();
  if (!evidence || meter.account_id === null) return "no_evidence";
  const standing = await standingOf(tx, meter.account_id);
  const noCut = await noCutUntil(tx, [command.meter_id], now);
  const decision = decideTrip(
    {
      mode: meter.mode,
      supplyGuard: false,
      switchProved: provesSwitch(meter.profile) && meter.switch_fault === 0,
      balanceE4: standing.balance,
      overdraftE4: standing.overdraftE4,
      readingAt: instant(evidence.reading_at),
      evaluations: evidence.evaluations,
      paymentInFlight: await paymentInFlight(tx, meter.account_id),
      noCut: noCut.get(command.meter_id) !== null,
    },
    now,
  );
  return decision.trip ? null : decision.why;
}

/** A trip of a batch (批量拉闸) was decided by what the list says: who is somebody else, or has paid since, is not cut off by it. */
async function whyNotOfBatch(
  tx: Tx,
  command: CommandTable,
  of: { account_id: number | null; customer_id: number | null },
): Promise<"customer_changed" | "paid" | null> {
  const meterId = command.meter_id;
  const listed = await batchOfCommand(tx, { commandId: command.id, meterId });
  if (listed === undefined) return null;
  const { account_id: accountId, customer_id: customerId } = of;
  if ((JSON.parse(listed.known) as KnownMeter).customerId !== customerId) return "customer_changed";
  const since = instant(listed.requested_at);
  return (await wasPaidSince(tx, { meterId, accountId, customerId, since })) ? "paid" : null;
}
