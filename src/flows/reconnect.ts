import { type Instant, later } from "#base/time.ts";
import { isInArrears } from "#domain/arrears.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { addCommand, cancelUnsent } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import { balanceOf } from "#store/ledger.ts";
import type { FlowContext } from "./context.ts";

/** `cause` makes the command's key, so that one payment closes a meter once; `orderNo` ties it to the order's page. */
type Paid = { cause: string; orderNo: string | null; actor: string; now: Instant };

/**
 * Orders the meter closed again after it was paid for, if it is off because of arrears and for no other reason: never when off
 * for safety or by an operator. A meter that wants its button pressed is permitted to close.
 */
export async function reconnectMeter(ctx: FlowContext, tx: Tx, input: Paid & { meterId: number }): Promise<boolean> {
  const meter = await tx
    .selectFrom("meter")
    .innerJoin("meter_state", "meter_state.meter_id", "meter.id")
    .select([
      "meter.concentrator_id",
      "meter.closes_by",
      "meter.switch_kind",
      "meter_state.relay",
      "meter_state.off_cause",
    ])
    .where("meter.id", "=", input.meterId)
    .executeTakeFirstOrThrow();
  if (meter.switch_kind === "none") return false;
  await cancelArrearsTrip(tx, input.meterId, input.now);
  if (meter.relay !== "open" || meter.off_cause !== "arrears") return false;
  const kind = meter.closes_by === "button" ? "permit_close" : "close";
  return addCommand(tx, {
    id: ctx.newId(input.now),
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
}

/** After a payment into an account with credit on the server: reconnects each of its meters once it is out of arrears. */
export async function reconnectAccount(ctx: FlowContext, tx: Tx, input: Paid & { accountId: number }): Promise<void> {
  const account = await tx
    .selectFrom("account")
    .select(["overdraft_e4"])
    .where("id", "=", input.accountId)
    .executeTakeFirstOrThrow();
  const balance = await balanceOf(tx, { kind: "balance", ref: input.accountId });
  if (isInArrears({ balanceE4: balance.posted, overdraftE4: account.overdraft_e4 })) return;
  await tx
    .updateTable("account")
    .set((eb) => ({ arrears_evaluations: 0, version: eb("version", "+", 1) }))
    .where("id", "=", input.accountId)
    .execute();
  const meters = await tx
    .selectFrom("meter")
    .select("id")
    .where("account_id", "=", input.accountId)
    .orderBy("id")
    .execute();
  for (const meter of meters) await reconnectMeter(ctx, tx, { ...input, meterId: meter.id });
}

/** A trip for arrears that has not left yet is not sent after the payment. */
async function cancelArrearsTrip(tx: Tx, meterId: number, at: Instant): Promise<void> {
  await cancelUnsent(tx, { meterId, kinds: ["trip"], cause: "arrears", why: "paid", at });
}
