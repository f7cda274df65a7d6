import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { cost, type Money, money, price, wh } from "#base/units.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import { heldWh, takeBack } from "#domain/refund.ts";
import type { Tx } from "#store/db.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { addLot, openLots, overuseOf, saveLots } from "#store/lots.ts";
import type { MeterExchangeTable } from "#store/schema-devices.ts";
import type { FlowContext } from "./context.ts";

type Carrying = { row: MeterExchangeTable; actor: string; now: Instant };

/** What the books were corrected by, as columns of the exchange. */
export type Booked = Pick<MeterExchangeTable, "books_wh" | "difference_wh" | "difference_e4" | "debt_e4">;

/**
 * Makes the books ready for the new meter, when all that the old one counted has been charged. Units stay in their lots, for they are still the customer's.
 * What ran through an overdrawn meter becomes a debt, because a new meter begins at zero. What was stated otherwise than
 * the books knew is given from, or given up to, the write-off account. Nothing is changed for a meter that gave its credit up itself:
 * a difference that was there before stays to be seen.
 */
export async function bookCarry(ctx: FlowContext, tx: Tx, carrying: Carrying): Promise<Booked> {
  const { row } = carrying;
  assert(row.carry_wh !== null && row.how !== null, "what is carried over is known before the new meter is in");
  const debt = await bookOveruse(ctx, tx, carrying);
  const lots = await openLots(tx, row.meter_id);
  const booksWh = heldWh(lots);
  const none = { books_wh: booksWh, difference_wh: 0, difference_e4: 0, debt_e4: debt };
  const differenceWh = row.carry_wh - booksWh;
  if (row.how !== "stated" || differenceWh === 0) return none;
  if (differenceWh < 0) {
    const back = takeBack(lots, -differenceWh);
    await saveLots(tx, back.changed);
    await move(tx, carrying, { what: "given-up", from: credit(row), to: writeOff(row), amount: back.value });
    return { ...none, difference_wh: differenceWh, difference_e4: -back.value };
  }
  const meter = await tx
    .selectFrom("meter")
    .select("price_e4")
    .where("id", "=", row.meter_id)
    .executeTakeFirstOrThrow();
  const amount = cost(wh(differenceWh), price(meter.price_e4));
  await move(tx, carrying, { what: "given", from: writeOff(row), to: credit(row), amount });
  await addUnits(ctx, tx, carrying, differenceWh, amount);
  return { ...none, difference_wh: differenceWh, difference_e4: amount };
}

/** What was used beyond all lots is owed from now on, at what it was charged. */
async function bookOveruse(ctx: FlowContext, tx: Tx, carrying: Carrying): Promise<number> {
  const { row } = carrying;
  const over = await overuseOf(tx, row.meter_id);
  if (over === null) return 0;
  assert(row.customer_id !== null, "credit in a meter has a customer");
  const debt: LedgerAccount = { kind: "debt", ref: row.customer_id };
  await move(tx, carrying, { what: "debt", from: debt, to: credit(row), amount: money(over.e4) });
  await addUnits(ctx, tx, carrying, over.wh, money(over.e4));
  return over.e4;
}

async function addUnits(ctx: FlowContext, tx: Tx, { row, now }: Carrying, unitsWh: number, amount: Money) {
  const lot = { id: ctx.newId(now), meterId: row.meter_id, unitsWh, costE4: amount, orderNo: null, at: now };
  const revalued = await addLot(tx, lot);
  assert(revalued === 0, "what was overused is taken over at what it was charged");
}

async function move(
  tx: Tx,
  { row, actor, now }: Carrying,
  what: { what: string; from: LedgerAccount; to: LedgerAccount; amount: Money },
): Promise<void> {
  if (what.amount === 0) return;
  await openLedgerAccounts(tx, [what.from, what.to]);
  await bookTransfer(
    tx,
    postedTransfer({
      id: `exchange:${row.exchange_no}:${what.what}`,
      kind: "exchange",
      from: what.from,
      to: what.to,
      amount: what.amount,
      actor,
      meterId: row.meter_id,
      memo: row.reason,
    }),
    now,
  );
}

function credit(row: MeterExchangeTable): LedgerAccount {
  return { kind: "meter_credit", ref: row.meter_id };
}

function writeOff(row: MeterExchangeTable): LedgerAccount {
  return { kind: "write_off", ref: row.project_id };
}
