import { money } from "#base/units.ts";
import { postedTransfer } from "#domain/ledger.ts";
import type { Db } from "#store/db.ts";
import { balanceOf, bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import type { RefundTable } from "#store/schema-refunds.ts";
import { systemClock } from "#system/clock.ts";

/** A refund of wallet money with nothing booked for it: of the meter, account and customer that share a number in the town. */
export function refundRow({
  refundNo,
  meterId,
  state,
  commandId,
}: {
  refundNo: string;
  meterId: number;
  state: RefundTable["state"];
  commandId: string;
}): RefundTable {
  return {
    refund_no: refundNo,
    idem_key: refundNo,
    request_hash: "",
    kind: "wallet",
    method: "transfer",
    state,
    state_reason: "",
    project_id: 1,
    meter_id: meterId,
    account_id: meterId,
    customer_id: meterId,
    order_no: null,
    replacement_no: null,
    units_wh: 0,
    amount_e4: 0,
    taken_wh: null,
    settled_e4: state === "confirmed" ? 10_000 : null,
    command_id: state === "stopped" ? commandId : null,
    purchase_number: null,
    approval_id: null,
    move_out_no: null,
    payout_note: "",
    paid_by: null,
    paid_at: null,
    reason: "",
    created_by: "test",
    created_at: 1,
    confirmed_at: null,
    updated_at: 1,
  };
}

/** Money between an account of customer or meter 11 and outside, so that there is something to refund. */
export async function moveMoney(db: Db, kind: "wallet" | "debt" | "refund_payable", amount: number): Promise<void> {
  const account = { kind, ref: 11 } as const;
  const outside = { kind: "opening", ref: 1 } as const;
  const [from, to] = amount > 0 ? [outside, account] : [account, outside];
  const of = {
    id: `access:${kind}:${amount}`,
    kind: "correction",
    actor: "test",
    amount: money(Math.abs(amount)),
  } as const;
  await db.transact(async (tx) => {
    await openLedgerAccounts(tx, [account]);
    await bookTransfer(tx, postedTransfer({ ...of, from, to }), systemClock());
  });
}

/** The customer of meter 11 has five yuan in the purse, and owes nothing. */
export async function fillPurse(db: Db): Promise<void> {
  for (const [kind, least] of [
    ["wallet", 50_000],
    ["debt", 0],
  ] as const) {
    const { posted, reserved } = await db.transact((tx) => balanceOf(tx, { kind, ref: 11 }));
    const free = posted - reserved;
    if (free < least) await moveMoney(db, kind, least - free);
  }
}

/** What each route about refunds is asked by somebody who may, by its path. */
export function refundBodies(of: { meter: number; order: string }): Record<string, object> {
  return {
    "/api/refunds/preview": { meterId: of.meter, kind: "wallet", quantity: "1" },
    "/api/refunds": {
      key: `key-${of.meter}-refund`,
      meterId: of.meter,
      kind: "wallet",
      quantity: "1",
      method: "transfer",
      reason: "试",
    },
    "/api/refunds/clear": { key: `key-${of.meter}-clear`, meterId: of.meter, reason: "试" },
    "/api/refunds/write-off": { key: `key-${of.meter}-debt`, meterId: of.meter, amount: "1", reason: "试" },
    "/api/refunds/:refundNo/prints": { key: `prints-${of.meter}-refund` },
    "/api/refunds/:refundNo/withdraw": { reason: "试" },
    "/api/refunds/:refundNo/payout": { note: "" },
    "/api/refunds/:refundNo/recheck": { reason: "试" },
    "/api/refunds/:refundNo/replacement": { orderNo: of.order },
  };
}

let refundsMade = 0;

/** A refund of a meter in the state in which this route has something to do. */
export async function refundFor(db: Db, path: string, of: { meterId: number; command: string }): Promise<string> {
  const { meterId, command: commandId } = of;
  const refundNo = `F2026010100${refundsMade++}x${meterId}`;
  const state = path.endsWith("/payout") ? "confirmed" : path.endsWith("/recheck") ? "stopped" : "requested";
  await db.transact((tx) =>
    tx.insertInto("refund").values(refundRow({ refundNo, meterId, state, commandId })).execute(),
  );
  return refundNo;
}
