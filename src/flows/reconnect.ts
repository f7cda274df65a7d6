import { HOUR_MS, type Instant, later, MINUTE_MS } from "#base/time.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { addCommand, openSwitches, supersedeSwitches } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { claimMeterState } from "#store/meters.ts";
import type { FlowContext } from "./context.ts";
import { repayEmergency, standingOf } from "./standing.ts";

/** `cause` makes the command's key, so that one payment closes a meter once; `orderNo` ties it to the order's page. */
type Paid = { cause: string; orderNo: string | null; actor: string; now: Instant };

/**
 * Closes a meter again after it was paid for, if it is off because of arrears and for no other reason: never when off for safety
 * or by an operator, or when an operator's trip is under way. A trip for arrears that has not left is taken back; one that may have
 * left is undone by the close. A meter that wants its button pressed is permitted to close.
 */
export async function reconnectMeter(ctx: FlowContext, tx: Tx, input: Paid & { meterId: number }): Promise<boolean> {
  const meter = await tx
    .selectFrom("meter")
    .select(["concentrator_id", "closes_by", "switch_kind"])
    .where("id", "=", input.meterId)
    .executeTakeFirstOrThrow();
  if (meter.switch_kind === "none") return false;
  // Taken before it is read: a trip that is just being confirmed either comes before this, and is seen, or after, and sees the money.
  const state = await claimMeterState(tx, input.meterId);
  const open = await openSwitches(tx, input.meterId);
  const commandId = ctx.newId(input.now);
  if (open.some((command) => command.kind === "trip" && command.cause === "operator")) return false;
  if (open.some((command) => command.kind !== "trip")) return false; // is being closed already
  const tripMayCome = open.some((command) => command.sentAt !== null);
  // A valve that cannot be read just now may well be shut still: to open it once too often harms nobody.
  const isOff = state.relay !== "closed" && state.off_cause === "arrears";
  if (!isOff && !tripMayCome) {
    await supersedeSwitches(tx, { meterId: input.meterId, by: commandId, why: "paid", at: input.now });
    return false;
  }
  const kind = meter.closes_by === "button" ? "permit_close" : "close";
  const fresh = await addCommand(tx, {
    id: commandId,
    idem_key: `reconnect:${input.cause}:${input.meterId}`,
    meter_id: input.meterId,
    concentrator_id: meter.concentrator_id,
    kind,
    cause: "paid",
    priority: priority[kind],
    payload: "{}",
    order_no: input.orderNo,
    reason: "",
    requested_by: input.actor,
    expires_at: later(input.now, expiryMs[kind]),
    created_at: input.now,
  });
  if (fresh) await supersedeSwitches(tx, { meterId: input.meterId, by: commandId, why: "paid", at: input.now });
  return fresh;
}

/**
 * After a payment into an account with credit on the server: reconnects each of its meters once it is out of arrears.
 */
export async function reconnectAccount(ctx: FlowContext, tx: Tx, input: Paid & { accountId: number }): Promise<void> {
  await repayEmergency(tx, { accountId: input.accountId, now: input.now });
  if (await isAccountInArrears(tx, input.accountId)) return;
  const meters = await tx
    .selectFrom("meter")
    .select("id")
    .where("account_id", "=", input.accountId)
    .orderBy("id")
    .execute();
  for (const meter of meters) await reconnectMeter(ctx, tx, { ...input, meterId: meter.id });
}

/** How often a settlement tries again to reconnect what stayed dark; a permission waits for somebody's hand, so it is given rarely. */
const SWEEP_MS = { direct: 10 * MINUTE_MS, button: 6 * HOUR_MS } as const;

/**
 * A meter that was seen off for arrears although it has credit: its reconnection was missed, refused, or taken back. Asked at every
 * settlement; tries again at most once in a while.
 */
export async function sweepDarkMeter(
  ctx: FlowContext,
  tx: Tx,
  input: { meterId: number; closesBy: "direct" | "button"; now: Instant },
): Promise<void> {
  const turn = Math.floor(input.now / SWEEP_MS[input.closesBy]);
  const { meterId, now } = input;
  await reconnectMeter(ctx, tx, { cause: `sweep:${turn}`, orderNo: null, actor: "settlement", meterId, now });
}

/** Whether an account with credit on the server is at or below what may be overdrawn. */
export async function isAccountInArrears(tx: Tx, accountId: number): Promise<boolean> {
  return (await standingOf(tx, accountId)).inArrears;
}
