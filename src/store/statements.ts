import { assert } from "#base/errors.ts";
import { DAY_MS, type Day, dayOf, type Instant, instant, later, startOfDay } from "#base/time.ts";
import { formatMoney, type Money, money } from "#base/units.ts";
import type { Statement, StatementLine } from "#contract/customers.ts";
import type { LedgerKind } from "#domain/ledger.ts";
import type { Scope } from "#domain/permission.ts";
import type { Tx } from "./db.ts";
import { inScope } from "./scope.ts";

/** Kinds of ledger accounts that hold what is the customer's. */
const HIS = ["wallet", "debt", "balance", "meter_credit", "refund_payable"] as const satisfies readonly LedgerKind[];
type His = (typeof HIS)[number];

/**
 * The statement (对账单) of one room: all that the meters of the room moved on the customer's side of the books. A payment is what was paid for
 * this room, whether it became units, paid a debt or waits in the wallet; so opening + payments − usage − shares ± others = closing
 * to the last digit, and the statements of all his rooms add up to all that he has. Null when no meter of the room lies in the scope.
 */
export async function roomStatement(
  tx: Tx,
  scope: Scope,
  roomId: number,
  period: { from: Day; to: Day; now: Instant },
): Promise<Statement | null> {
  const meters = await tx
    .selectFrom("meter")
    .innerJoin("room", "room.id", "meter.room_id")
    .innerJoin("area", "area.id", "meter.area_id")
    .leftJoin("account", "account.id", "meter.account_id")
    .leftJoin("customer", "customer.id", "account.customer_id")
    .where("meter.room_id", "=", roomId)
    .where((eb) => inScope(eb, scope))
    .select([
      "meter.id",
      "meter.number",
      "meter.kind",
      "room.name as room_name",
      "area.name as area_name",
      "customer.name as customer_name",
    ])
    .orderBy("meter.id")
    .execute();
  const [first] = meters;
  if (!first) return null;
  const begin = startOfDay(period.from);
  const end = later(startOfDay(period.to), DAY_MS);
  const moves = (
    await movesOf(
      tx,
      meters.map((meter) => meter.id),
    )
  ).filter((move) => move.at < end);
  const before = moves.filter((move) => move.at < begin);
  const within = byLine(moves.filter((move) => move.at >= begin));
  const opening = total(before);
  let balance = opening;
  const lines = within.map((move): StatementLine => {
    balance += move.amount;
    const meter = meters.find((each) => each.id === move.meterId);
    assert(meter !== undefined, "a line belongs to a meter of the room");
    return {
      at: move.at,
      kind: move.kind as StatementLine["kind"],
      meterId: meter.id,
      number: meter.number,
      meterKind: meter.kind,
      orderNo: move.orderNo,
      receiptNo: move.receiptNo,
      channel: move.channel,
      amount: text(move.amount),
      balance: text(balance),
    };
  });
  const of = (...kinds: string[]) => total(within.filter((move) => kinds.includes(move.kind)));
  const [recharges, usage, shares] = [of("payment"), -of("usage"), -of("share")];
  const others = total(within) - recharges + usage + shares;
  assert(opening + recharges - usage - shares + others === balance, "a statement adds up");
  const held = (kind: His) => moves.reduce((sum, move) => sum + move.byKind[kind], 0);
  return {
    roomId,
    room: first.room_name,
    areaName: first.area_name,
    customer: [...new Set(meters.map((meter) => meter.customer_name ?? "").filter((name) => name !== ""))].join("、"),
    from: period.from,
    to: period.to,
    asOf: period.now,
    opening: text(opening),
    recharges: text(recharges),
    usage: text(usage),
    shares: text(shares),
    others: text(others),
    closing: text(balance),
    inMeters: text(held("meter_credit") + held("balance")),
    inWallet: text(held("wallet") + held("refund_payable")),
    debts: text(-held("debt") || 0),
    lines,
  };
}

type Move = {
  at: Instant;
  kind: string;
  meterId: number;
  orderNo: string | null;
  receiptNo: string | null;
  channel: string | null;
  amount: number;
  byKind: Record<His, number>;
};

/** Every transfer of the meters with its sum on the customer's side. A pending one counts from when it was posted. */
async function movesOf(tx: Tx, meterIds: readonly number[]): Promise<Move[]> {
  const rows = await tx
    .selectFrom("ledger_transfer")
    .innerJoin("ledger_entry", "ledger_entry.transfer_id", "ledger_transfer.id")
    .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_transfer.id")
    .leftJoin("recharge_order", "recharge_order.order_no", "ledger_transfer.order_no")
    .leftJoin("payment", "payment.payment_no", "recharge_order.payment_no")
    .where("ledger_transfer.meter_id", "in", [...meterIds])
    .where((eb) => eb.or([eb("ledger_transfer.pending", "=", 0), eb("ledger_resolution.outcome", "=", "posted")]))
    .where((eb) => eb.or(HIS.map((kind) => eb("ledger_entry.account_id", "like", `${kind}:%`))))
    .select([
      "ledger_transfer.id",
      "ledger_transfer.kind",
      "ledger_transfer.at",
      "ledger_transfer.meter_id",
      "ledger_transfer.order_no",
      "ledger_resolution.at as resolved_at",
      "ledger_entry.account_id",
      "ledger_entry.amount_e4",
      "payment.receipt_no",
      "payment.channel",
    ])
    .orderBy("ledger_transfer.at")
    .orderBy("ledger_transfer.id")
    .execute();
  const moves = new Map<string, Move>();
  for (const row of rows) {
    const move = moves.get(row.id) ?? {
      at: instant(row.resolved_at ?? row.at),
      kind: row.kind,
      meterId: row.meter_id ?? 0,
      orderNo: row.order_no,
      receiptNo: row.kind === "payment" ? row.receipt_no : null,
      channel: row.kind === "payment" ? row.channel : null,
      amount: 0,
      byKind: { wallet: 0, debt: 0, balance: 0, meter_credit: 0, refund_payable: 0 },
    };
    const kind = row.account_id.slice(0, row.account_id.indexOf(":")) as His;
    move.amount += row.amount_e4;
    move.byKind[kind] += row.amount_e4;
    moves.set(row.id, move);
  }
  return [...moves.values()].sort((a, b) => a.at - b.at);
}

/** Moves within the customer's own accounts (wallet → credit) are no line; usage is one line for each meter and day. */
function byLine(moves: readonly Move[]): Move[] {
  const lines: Move[] = [];
  const days = new Map<string, Move>();
  for (const move of moves) {
    if (move.amount === 0) continue;
    if (move.kind !== "usage") {
      lines.push(move);
      continue;
    }
    const key = `${move.meterId} ${dayOf(move.at)}`;
    const day = days.get(key);
    if (day) {
      day.amount += move.amount;
      day.at = move.at;
    } else {
      const line = { ...move };
      days.set(key, line);
      lines.push(line);
    }
  }
  return lines.sort((a, b) => a.at - b.at);
}

function total(moves: readonly Pick<Move, "amount">[]): number {
  return moves.reduce((sum, move) => sum + move.amount, 0);
}

function text(e4: number): string {
  const amount: Money = money(e4);
  return formatMoney(amount);
}
