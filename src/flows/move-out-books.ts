import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { type Money, money, NO_MONEY, parseMoney, subtract, sum } from "#base/units.ts";
import { type Sheet, sheet as sheetSchema } from "#contract/move-outs.ts";
import { judgeCredit } from "#domain/difference.ts";
import { type LedgerAccount, postedTransfer, type TransferKind } from "#domain/ledger.ts";
import { settlementOf } from "#domain/move-out.ts";
import type { Tx } from "#store/db.ts";
import { balanceOf, bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { lastLot, openLots, saveLots } from "#store/lots.ts";
import type { MoveOutSheetTable, MoveOutTable } from "#store/schema-refunds.ts";
import type { FlowContext } from "./context.ts";
import { writeSheet } from "./move-out-readings.ts";
import { figuresNow, type MeterFigures, type SheetFigures } from "./move-out-sheet.ts";

/**
 * Books what a move-out comes to once the meters are cleared: balances, overuse and what is left of lots; then the wallet, then the debts, until
 * exactly the whole fen of the sheet are owed to the tenant. `before` is the final sheet that was booked earlier, when things have changed
 * since: the next one holds both together. Σ of the ledger stays zero with every transfer, and the sheet equals the books to the last digit.
 */
export async function bookFinalSheet(
  ctx: FlowContext,
  tx: Tx,
  row: MoveOutTable,
  input: { before: MoveOutSheetTable | null; by: string; now: Instant },
): Promise<{ row: MoveOutTable; rev: number; figures: SheetFigures }> {
  const { before, now } = input;
  const earlier = before === null ? null : sheetSchema.parse(JSON.parse(before.sheet));
  const figures = await figuresNow(tx, row);
  const customer = row.customer_id;
  const payable: LedgerAccount = { kind: "refund_payable", ref: customer };
  const wallet: LedgerAccount = { kind: "wallet", ref: customer };
  const debt: LedgerAccount = { kind: "debt", ref: customer };
  const books = bookkeeper(tx, row, { nth: (before?.rev ?? 0) + 1, by: input.by, now });
  await openLedgerAccounts(tx, [payable, wallet, debt]);

  const isFirst = before === null;
  let pool: Money = isFirst ? sum(figures.meters.map((each) => each.value)) : money(before.payable_e4);
  for (const each of figures.meters)
    pool = money(pool + (await closeMeter(ctx, tx, books, each, { payable, debt, isFirst })));

  // What stayed in the wallet because it was less than a fen is divided anew, too.
  const inWallet = await balanceOf(tx, wallet);
  const free = Math.max(0, inWallet.posted - inWallet.reserved);
  const taken = money(figures.whole ? free : Math.min(free, before?.rest_e4 ?? 0));
  await books.move("wallet", "refund", wallet, payable, taken);
  pool = money(pool + taken);

  const owed = money(Math.max(0, -(await balanceOf(tx, debt)).posted));
  const paid = money(Math.min(pool, owed));
  await books.move("debts", "debt", payable, debt, paid);

  const total = merged(figures, earlier, { taken, before });
  const rest = subtract(subtract(pool, paid), total.settlement.payable);
  await books.move("rest", "refund", payable, wallet, rest);
  assert(
    rest === total.settlement.rest,
    `${row.move_out_no}: the rest is ${rest}, its sheet says ${total.settlement.rest}`,
  );
  assert(owed - paid === total.settlement.owed, `${row.move_out_no}: what is owed is what its sheet says`);
  return writeSheet(ctx, tx, row, { by: input.by, state: "paying", figures: total, isFinal: true });
}

/** Whether something has moved since a final sheet was booked: it has to be booked anew before anything is paid. */
export async function hasMoved(tx: Tx, row: MoveOutTable, final: MoveOutSheetTable): Promise<boolean> {
  const now = await figuresNow(tx, row);
  if (now.meters.some((each) => each.balance !== 0 || each.overuse !== 0 || each.leftover !== 0)) return true;
  const debt = await balanceOf(tx, { kind: "debt", ref: row.customer_id });
  if (Math.max(0, -debt.posted) !== final.owed_e4) return true;
  return now.whole && now.wallet !== final.rest_e4;
}

type Books = ReturnType<typeof bookkeeper>;

function bookkeeper(tx: Tx, row: MoveOutTable, { nth, by, now }: { nth: number; by: string; now: Instant }) {
  return {
    now,
    /** Moves an amount that may be nothing. The number of the sheet is in the id: the same part of a later sheet is another cause. */
    async move(
      part: string,
      kind: TransferKind,
      from: LedgerAccount,
      to: LedgerAccount,
      amount: Money,
      meterId?: number,
    ): Promise<void> {
      assert(amount >= 0, `${row.move_out_no} ${part} is not negative`);
      if (amount === 0) return;
      await openLedgerAccounts(tx, [from, to]);
      const id = `move-out:${row.move_out_no}:${nth}:${part}${meterId === undefined ? "" : `:${meterId}`}`;
      const common = { id, kind, from, to, amount, actor: by, memo: row.move_out_no };
      const booked = await bookTransfer(tx, postedTransfer({ ...common, meterId: meterId ?? row.meter_id }), now);
      assert(booked, `${id} was not booked before`);
    },
  };
}

type Closing = { payable: LedgerAccount; debt: LedgerAccount; isFirst: boolean };

/** Leaves nothing on a meter and its account; answers what has come into what is owed to the tenant (or gone out of it). */
async function closeMeter(
  ctx: FlowContext,
  tx: Tx,
  books: Books,
  each: MeterFigures,
  { payable, debt, isFirst }: Closing,
): Promise<number> {
  const meterId = each.row.meter_id;
  if (each.creditAt === "server") {
    const account: LedgerAccount = { kind: "balance", ref: each.row.account_id };
    if (each.balance >= 0) await books.move("balance", "refund", account, payable, each.balance, meterId);
    else await books.move("balance", "debt", debt, account, money(-each.balance), meterId);
    return Math.max(0, each.balance);
  }
  await closeLots(tx, books, each, debt);
  if (!isFirst || each.override === null) return 0;
  const writeOff: LedgerAccount = { kind: "write_off", ref: each.projectId };
  const more = each.override - each.value;
  const [from, to] = more > 0 ? [writeOff, payable] : [payable, writeOff];
  await books.move("override", "correction", from, to, money(Math.abs(more)), meterId);
  ctx.log.info({ meter: meterId, more }, "units of a move-out valued otherwise");
  return more;
}

/** Overuse becomes a debt; what lots still hold and the meter does not is given up, or looked at by finance when it is much. */
async function closeLots(tx: Tx, books: Books, each: MeterFigures, debt: LedgerAccount): Promise<void> {
  const meterId = each.row.meter_id;
  const credit: LedgerAccount = { kind: "meter_credit", ref: meterId };
  const last = await lastLot(tx, meterId);
  if (last !== null && last.usedWh > last.unitsWh) {
    await saveLots(tx, [{ ...last, usedWh: last.unitsWh, usedCost: last.cost }]);
    await books.move("overuse", "debt", debt, credit, each.overuse, meterId);
  }
  const lots = await openLots(tx, meterId);
  if (lots.length === 0) return;
  await saveLots(
    tx,
    lots.map((lot) => ({ ...lot, usedWh: lot.unitsWh, usedCost: lot.cost })),
  );
  const isExplained = judgeCredit({ booksWh: each.leftoverWh, meterWh: 0, purchasesWh: [] }) === null;
  const to: LedgerAccount = { kind: isExplained ? "write_off" : "suspense", ref: each.projectId };
  await books.move("leftover", "clear", credit, to, each.leftover, meterId);
}

/** The figures of now, together with what an earlier final sheet has booked already. */
function merged(
  now: SheetFigures,
  earlier: Sheet | null,
  { taken, before }: { taken: Money; before: MoveOutSheetTable | null },
): SheetFigures {
  if (earlier === null || before === null) {
    const facts = { meters: now.meters, wallet: taken, debts: now.debts };
    return { ...now, wallet: taken, settlement: settlementOf(facts) };
  }
  const e4 = (text: string | null): Money =>
    text === null ? NO_MONEY : money((text.startsWith("-") ? -1 : 1) * (parseMoney(text.replace(/^-/, ""), 4) ?? 0));
  const meters = now.meters.map((each): MeterFigures => {
    const was = earlier.meters.find((meter) => meter.meterId === each.row.meter_id);
    assert(was !== undefined, "every sheet has the same meters");
    return {
      ...each,
      balance: money(each.balance + e4(was.balance)),
      overuse: money(each.overuse + e4(was.overuse)),
      overuseWh: each.overuseWh + was.overuseWh,
      leftover: money(each.leftover + e4(was.leftover)),
      leftoverWh: each.leftoverWh + was.leftoverWh,
    };
  });
  const wallet = money(e4(earlier.wallet) + taken - before.rest_e4);
  const debts = money(e4(earlier.debts) + now.debts - before.owed_e4);
  const whole = now.whole || earlier.whole;
  return { ...now, meters, whole, wallet, debts, settlement: settlementOf({ meters, wallet, debts }) };
}
