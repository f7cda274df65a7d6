import { isInArrears } from "#domain/arrears.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { balanceOf } from "#store/ledger.ts";
import { touchOrder } from "#store/orders.ts";
import type { MeterStateTable } from "#store/schema.ts";
import type { Settling } from "./command-row.ts";
import type { FlowContext } from "./context.ts";
import { reconnectMeter } from "./reconnect.ts";

/**
 * A switch command was carried out and read back. A permission to close is only that: the relay stays as it reads until somebody
 * presses the button. A trip for arrears that a payment has overtaken is undone at once.
 */
export async function confirmSwitch(ctx: FlowContext, tx: Tx, at: Settling): Promise<void> {
  const { claimed, command, now } = at;
  if (command.order_no !== null) await touchOrder(tx, command.order_no, now);
  const seen: Partial<MeterStateTable> =
    claimed.kind === "trip"
      ? { relay: "open", relay_at: now, off_cause: claimed.cause === "arrears" ? "arrears" : "operator" }
      : claimed.kind === "close"
        ? { relay: "closed", relay_at: now, off_cause: null }
        : {};
  await tx
    .updateTable("meter_state")
    .set((eb) => ({ ...seen, changed_at: now, version: eb("version", "+", 1) }))
    .where("meter_id", "=", claimed.meterId)
    .execute();
  await addEvents(tx, [
    {
      id: ctx.newId(now),
      meterId: claimed.meterId,
      at: now,
      kind: claimed.kind === "trip" ? "tripped" : claimed.kind === "close" ? "closed" : "command_confirmed",
      severity: claimed.kind === "trip" ? "warning" : "info",
      detail: { command: claimed.id, asked: claimed.kind, cause: claimed.cause },
    },
  ]);
  if (claimed.kind === "trip" && claimed.cause === "arrears") await undoIfPaid(ctx, tx, at);
}

async function undoIfPaid(ctx: FlowContext, tx: Tx, at: Settling): Promise<void> {
  const account = await tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .select(["account.id", "account.overdraft_e4"])
    .where("meter.id", "=", at.claimed.meterId)
    .executeTakeFirst();
  if (!account) return;
  const balance = await balanceOf(tx, { kind: "balance", ref: account.id });
  if (isInArrears({ balanceE4: balance.posted, overdraftE4: account.overdraft_e4 })) return;
  await reconnectMeter(ctx, tx, {
    cause: `after-${at.claimed.id}`,
    orderNo: null,
    meterId: at.claimed.meterId,
    actor: "system",
    now: at.now,
  });
}
