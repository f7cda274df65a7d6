import type { Actor } from "#domain/permission.ts";
import { addAudit } from "#store/audit.ts";
import type { Tx } from "#store/db.ts";
import { addEvents } from "#store/events.ts";
import { inScope } from "#store/scope.ts";
import { sha256Hex } from "#system/crypto.ts";
import type { FlowContext } from "./context.ts";
import { decide } from "./decide.ts";

const ID_CHARS = 20;

/**
 * Notes that the customers of some meters were told that their credit runs out, in their story and in the audit; nothing is sent. Answers the
 * meters that were noted: those outside the scope, or that nobody rents, are left out. The same key notes the same once.
 */
export async function noteTold(
  ctx: FlowContext,
  actor: Actor,
  input: { key: string; meterIds: readonly number[]; note: string; ip: string },
): Promise<number[]> {
  const { key, note, ip } = input;
  return decide(ctx.db, async (tx) => {
    const at = ctx.clock();
    const seen = await rented(tx, actor, [...new Set(input.meterIds)]);
    for (const meter of seen) {
      const id = sha256Hex(`told|${key}|${actor.userId}|${meter.id}`).slice(0, ID_CHARS);
      const detail = { customerId: meter.customer_id, by: actor.name, note };
      const event = { id, meterId: meter.id, at, kind: "customer_told", severity: "info", detail } as const;
      if ((await addEvents(tx, [event])) === 0) continue;
      await addAudit(tx, {
        ...{ id: ctx.newId(at), at, actor: actor.login, action: "customer.tell", object: `meter:${meter.id}` },
        ...{ before: null, after: { customerId: meter.customer_id, note }, reason: note, ip },
      });
    }
    return seen.map((meter) => meter.id);
  });
}

function rented(tx: Tx, actor: Actor, meterIds: readonly number[]) {
  return tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .where("meter.id", "in", [...meterIds])
    .where("meter.retired_at", "is", null)
    .where((eb) => inScope(eb, actor.scope))
    .select(["meter.id", "account.customer_id"])
    .orderBy("meter.id")
    .execute();
}
