import { AppError } from "#base/errors.ts";
import { formatMoney, type Money, money, PER_UNIT, price, proportion } from "#base/units.ts";
import type { SplitProposal, SplitRequest } from "#contract/payments.ts";
import type { Actor } from "#domain/permission.ts";
import { type SplitTarget, splitByLack, splitEvenly } from "#domain/split.ts";
import type { Tx } from "#store/db.ts";
import { balanceOf } from "#store/ledger.ts";
import { lowCreditLimits, meterToAct } from "#store/meters.ts";
import type { FlowContext } from "./context.ts";
import { amountPaid, PARTS_MAX } from "./plan-payment.ts";

/** Proposes how one payment is split among meters (分配): evenly, or by what each is short of. Books nothing. */
export async function proposeSplit(ctx: FlowContext, actor: Actor, input: SplitRequest): Promise<SplitProposal> {
  const amount = amountPaid(input.amount);
  const ids = input.meterIds;
  if (ids.length > PARTS_MAX || new Set(ids).size < ids.length) throw new AppError("parts_invalid", { max: PARTS_MAX });
  const tx = ctx.db.read;
  const limits = await lowCreditLimits(tx, ids);
  const targets: SplitTarget[] = [];
  for (const meterId of ids) {
    const meter = await meterToAct(tx, actor.scope, meterId);
    if (!meter) throw new AppError("meter_not_found");
    targets.push({ meterId, lack: await lackOf(tx, meter, limits.get(meterId) ?? 0) });
  }
  const parts = (input.by === "even" ? splitEvenly : splitByLack)(amount, targets);
  return {
    parts: parts.map((part, at) => ({
      meterId: part.meterId,
      amount: formatMoney(part.amount),
      lack: formatMoney(targets[at]?.lack ?? money(0)),
    })),
  };
}

type Meter = NonNullable<Awaited<ReturnType<typeof meterToAct>>>;

/** What is missing to the alarm limit, at today's price; for an overdrawn account on the server what is owed comes on top. */
async function lackOf(tx: Tx, meter: Meter, limitWh: number): Promise<Money> {
  const at = money(price(meter.price_e4));
  const limit = proportion(at, limitWh, PER_UNIT);
  if (meter.credit_at === "server" && meter.account_id !== null) {
    const { posted } = await balanceOf(tx, { kind: "balance", ref: meter.account_id });
    return money(Math.max(0, limit - posted));
  }
  const left = proportion(at, meter.remaining_wh ?? 0, PER_UNIT);
  return money(Math.max(0, limit - left));
}
