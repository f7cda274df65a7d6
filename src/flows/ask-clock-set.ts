import { type Instant, later } from "#base/time.ts";
import { CLOCK_SET_EVERY_MS, CLOCK_SET_FROM_MS } from "#domain/clock-setting.ts";
import { expiryMs, priority } from "#domain/command.ts";
import { addAudit } from "#store/audit.ts";
import { CLOCK_SETTING } from "#store/collection.ts";
import { addCommand } from "#store/commands.ts";
import type { Tx } from "#store/db.ts";
import type { MeterMemoryTable } from "#store/schema-past.ts";
import { setting } from "#store/settings.ts";
import type { FlowContext } from "./context.ts";

/** Asks for a clock that is off to be set, where that is switched on, and not more than once a day. Part of the visit that read it. */
export async function askClockSet(
  on: { ctx: FlowContext; tx: Tx; now: Instant },
  memory: MeterMemoryTable,
  offsetMs: number | null,
): Promise<void> {
  const { ctx, tx, now } = on;
  if (offsetMs === null || Math.abs(offsetMs) < CLOCK_SET_FROM_MS) return;
  if (now - memory.clock_asked_at < CLOCK_SET_EVERY_MS || (await setting(tx, CLOCK_SETTING)) !== "auto") return;
  const meter = await tx
    .selectFrom("meter")
    .select("concentrator_id")
    .where("id", "=", memory.meter_id)
    .executeTakeFirstOrThrow();
  const id = ctx.newId(now);
  const fresh = await addCommand(tx, {
    id,
    idem_key: `clock:${memory.meter_id}:${memory.version}`,
    meter_id: memory.meter_id,
    concentrator_id: meter.concentrator_id,
    kind: "set_clock",
    cause: "clock",
    priority: priority.set_clock,
    payload: "{}",
    order_no: null,
    reason: "",
    requested_by: "system",
    expires_at: later(now, expiryMs.set_clock),
    created_at: now,
  });
  if (!fresh) return;
  memory.clock_asked_at = now;
  await addAudit(tx, {
    id: ctx.newId(now),
    at: now,
    actor: "system",
    action: "meter.set_clock",
    object: `meter:${memory.meter_id}`,
    before: { offsetSeconds: Math.round(offsetMs / 1000) },
    after: { command: id },
    reason: "",
    ip: "",
  });
}
