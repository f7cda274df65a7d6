import { assert } from "#base/errors.ts";
import { type Money, negate, sum } from "#base/units.ts";

/**
 * Kinds of ledger accounts (账户). The sign is the holder's: money that came in from outside stands negative in `cash`
 * and positive in the account that it belongs to, so all accounts together are always zero.
 *
 * `materialised` ones keep a balance that every transfer updates; house accounts, which every transfer of a day would
 * touch, are summed from their entries when asked. `floor` is the lowest balance that a transfer may leave.
 */
export const ledgerKinds = {
  /** Cash desk (现金); ref = project. */
  cash: { materialised: false, floor: null },
  /** Bank transfers (转账); ref = project. */
  transfer: { materialised: false, floor: null },
  /** WeChat clearing (微信待清算): paid by tenants, not yet in the bank; ref = project. */
  wechat: { materialised: false, floor: null },
  /** What API partners (接口合作方) took on our behalf and still owe; ref = project. */
  partner: { materialised: false, floor: null },
  /** Cash that left the desk at the end of a shift (上缴现金); ref = project. */
  handed_over: { materialised: false, floor: null },
  /** Money nobody can explain yet (异常款项): over and short of a shift, unknown payments; ref = project. */
  suspense: { materialised: false, floor: null },
  /** Credit that was given up (清零核销); ref = project. */
  write_off: { materialised: false, floor: null },
  /** Credit that meters held when they were taken over (期初); ref = project. */
  opening: { materialised: false, floor: null },
  /** What was charged for usage; ref = project. */
  revenue: { materialised: false, floor: null },
  /** Money of a customer (钱包); ref = customer. */
  wallet: { materialised: true, floor: 0 },
  /** Money that is owed back to a customer and not yet paid out (应退款); ref = customer. */
  refund_payable: { materialised: true, floor: 0 },
  /** Negative: what a customer owes (欠费); ref = customer. */
  debt: { materialised: true, floor: null },
  /** Money of an account whose credit is on the server (结算户余额); ref = account. */
  balance: { materialised: true, floor: null },
  /** Money value of the credit in a meter (表内余额); ref = meter. */
  meter_credit: { materialised: true, floor: null },
} as const satisfies Record<string, { materialised: boolean; floor: number | null }>;

export type LedgerKind = keyof typeof ledgerKinds;
/** One account of the ledger: its kind and the id of what it belongs to. */
export type LedgerAccount = { readonly kind: LedgerKind; readonly ref: number };

/** The id of a ledger account: `wallet:12`. */
export function ledgerAccountId(account: LedgerAccount): string {
  return `${account.kind}:${account.ref}`;
}

/** One line of a transfer; a positive amount is a gain of the account. */
export type TransferEntry = { readonly account: LedgerAccount; readonly amount: Money };

/** A movement of money. Its id says its cause, so that the same cause cannot be booked twice. */
export type Transfer = {
  readonly id: string;
  readonly kind: TransferKind;
  /** Pending: what it takes is reserved until it is posted or voided. */
  readonly pending: boolean;
  readonly entries: readonly TransferEntry[];
  readonly actor: string;
  readonly orderNo: string | null;
  readonly meterId: number | null;
  readonly memo: string;
};
/** Why money moved. */
export type TransferKind =
  | "payment"
  | "debt"
  | "recharge"
  | "usage"
  | "opening"
  | "handover" // cash of a shift
  | "refund" // credit or wallet → refund payable
  | "payout" // refund payable → cash, transfer …
  | "clear" // credit given up
  | "write_off"
  | "share" // public share
  | "merge" // between the accounts of a group
  | "exchange" // from an old meter to a new one
  | "correction"; // the opposite of what was wrong, beside it

type Move = {
  id: string;
  kind: TransferKind;
  from: LedgerAccount;
  to: LedgerAccount;
  amount: Money;
  actor: string;
  orderNo?: string;
  meterId?: number;
  memo?: string;
};

/** Money from one account to another, booked at once. */
export function postedTransfer(move: Move): Transfer {
  return transfer(move, false);
}

/** Money from one account to another, reserved until a meter agrees. */
export function pendingTransfer(move: Move): Transfer {
  return transfer(move, true);
}

/** Money from one account to several, reserved until a meter agrees; parts that are zero are left out, one at least is not. */
export function pendingSplit(
  move: Omit<Move, "to" | "amount"> & { to: readonly { account: LedgerAccount; amount: Money }[] },
): Transfer {
  const parts = move.to.filter((part) => part.amount !== 0);
  const amount = sum(parts.map((part) => part.amount));
  assert(parts.every((part) => part.amount > 0) && amount > 0, `transfer ${move.id} must reserve something`);
  return {
    id: move.id,
    kind: move.kind,
    pending: true,
    entries: [{ account: move.from, amount: negate(amount) }, ...parts],
    actor: move.actor,
    orderNo: move.orderNo ?? null,
    meterId: move.meterId ?? null,
    memo: move.memo ?? "",
  };
}

function transfer(move: Move, pending: boolean): Transfer {
  assert(move.amount !== 0, `transfer ${move.id} moves nothing`);
  assert(!pending || move.amount > 0, `pending transfer ${move.id} must reserve something`);
  return {
    id: move.id,
    kind: move.kind,
    pending,
    entries: [
      { account: move.from, amount: negate(move.amount) },
      { account: move.to, amount: move.amount },
    ],
    actor: move.actor,
    orderNo: move.orderNo ?? null,
    meterId: move.meterId ?? null,
    memo: move.memo ?? "",
  };
}
