import { assert } from "#base/errors.ts";
import type { Instant } from "#base/time.ts";
import { cost, formatMoney, type Money, money, NO_MONEY, PER_UNIT, price, proportion, wh } from "#base/units.ts";
import type { Sheet, SheetMeterView } from "#contract/move-outs.ts";
import { overuseOf, piecesOf, type Settlement, type SheetMeter, settlementOf } from "#domain/move-out.ts";
import { SCOPE_ALL } from "#domain/permission.ts";
import { heldWh, takeBack } from "#domain/refund.ts";
import type { Tx } from "#store/db.ts";
import { balanceOf } from "#store/ledger.ts";
import { lastLot, lotsById, openLots, piecesOfRefund } from "#store/lots.ts";
import { meterToAct } from "#store/meters.ts";
import { clearsOf, metersOfMoveOut } from "#store/move-outs.ts";
import type { MoveOutMeterTable, MoveOutTable, RefundTable } from "#store/schema-refunds.ts";

/** The amounts of one meter of a sheet. `leftover*` is what the books hold and the meter does not. */
export type MeterFigures = SheetMeter & {
  readonly row: MoveOutMeterTable;
  readonly creditAt: "meter" | "server";
  readonly projectId: number;
  readonly unitsWh: number;
  readonly uncoveredWh: number;
  readonly leftoverWh: number;
  readonly leftover: Money;
  readonly overuseWh: number;
  /** The clear that the meter has confirmed; null while it has not. */
  readonly cleared: RefundTable | null;
  readonly hasBalance: boolean;
};

/** A sheet as amounts. */
export type SheetFigures = {
  readonly meters: readonly MeterFigures[];
  readonly whole: boolean;
  readonly wallet: Money;
  readonly debts: Money;
  readonly settlement: Settlement;
};

/** States in which a clear has taken what there was. */
const TAKEN: readonly RefundTable["state"][] = ["confirmed", "paid", "done"];

/**
 * What a move-out comes to as things are in this transaction: units by their lots (what the meter gave up, once it has), balances, wallet
 * and debts. The wallet goes with a tenant who keeps no other meter.
 */
export async function figuresNow(tx: Tx, moveOut: MoveOutTable): Promise<SheetFigures> {
  const rows = await metersOfMoveOut(tx, moveOut.move_out_no);
  const clears = await clearsOf(tx, moveOut.move_out_no);
  const seen = new Set<number>();
  const meters: MeterFigures[] = [];
  for (const row of rows) {
    const cleared = clears.find((each) => each.meter_id === row.meter_id && TAKEN.includes(each.state)) ?? null;
    meters.push(await meterFigures(tx, row, cleared, !seen.has(row.account_id)));
    seen.add(row.account_id);
  }
  const whole = await isWhole(tx, moveOut, rows);
  const walletBalance = await balanceOf(tx, { kind: "wallet", ref: moveOut.customer_id });
  const debt = await balanceOf(tx, { kind: "debt", ref: moveOut.customer_id });
  const wallet = whole ? money(walletBalance.posted - walletBalance.reserved) : NO_MONEY;
  const debts = money(Math.max(0, -debt.posted));
  return { meters, whole, wallet, debts, settlement: settlementOf({ meters, wallet, debts }) };
}

async function meterFigures(
  tx: Tx,
  row: MoveOutMeterTable,
  cleared: RefundTable | null,
  isFirstOfAccount: boolean,
): Promise<MeterFigures> {
  const meter = await meterToAct(tx, SCOPE_ALL, row.meter_id);
  assert(meter?.credit_at != null, `meter ${row.meter_id} has an account`);
  const common = { row, cleared, creditAt: meter.credit_at, projectId: meter.project_id };
  if (meter.credit_at === "server") {
    const { posted } = await balanceOf(tx, { kind: "balance", ref: row.account_id });
    return { ...common, ...NOTHING, balance: isFirstOfAccount ? posted : NO_MONEY, hasBalance: isFirstOfAccount };
  }
  const lots = await openLots(tx, row.meter_id);
  const unitsWh = cleared?.taken_wh ?? Math.max(0, row.remaining_wh ?? 0);
  const back = takeBack(lots, cleared === null ? unitsWh : 0);
  const value = cleared === null ? back.value : money(cleared.settled_e4 ?? 0);
  const inLots = cleared === null ? null : (await piecesOfRefund(tx, cleared.refund_no)).reduce(sumWh, 0);
  const over = overuseOf(await lastLot(tx, row.meter_id));
  const leftoverWh = heldWh(lots) - (cleared === null ? unitsWh - back.uncoveredWh : 0);
  const leftover = money(lots.reduce((left, lot) => left + (lot.cost - lot.usedCost), 0) - back.value);
  return {
    ...common,
    value,
    override: row.override_e4 === null ? null : cost(wh(unitsWh), price(row.override_e4)),
    overuse: over.e4,
    overuseWh: over.wh,
    balance: NO_MONEY,
    hasBalance: false,
    unitsWh,
    uncoveredWh: inLots === null ? back.uncoveredWh : Math.max(0, unitsWh - inLots),
    leftoverWh,
    leftover,
  };
}

const sumWh = (all: number, piece: { taken_wh: number }): number => all + piece.taken_wh;

const NOTHING = {
  value: NO_MONEY,
  override: null,
  overuse: NO_MONEY,
  overuseWh: 0,
  unitsWh: 0,
  uncoveredWh: 0,
  leftoverWh: 0,
  leftover: NO_MONEY,
};

/** Whether the tenant keeps no other meter. */
async function isWhole(tx: Tx, moveOut: MoveOutTable, rows: readonly MoveOutMeterTable[]): Promise<boolean> {
  const other = await tx
    .selectFrom("meter")
    .innerJoin("account", "account.id", "meter.account_id")
    .select("meter.id")
    .where("account.customer_id", "=", moveOut.customer_id)
    .where("meter.id", "not in", [0, ...rows.map((row) => row.meter_id)])
    .limit(1)
    .executeTakeFirst();
  return other === undefined;
}

/** A sheet in words, with every lot that units are given back from. What it says is never looked up again. */
export async function sheetText(tx: Tx, figures: SheetFigures, at: Instant): Promise<Sheet> {
  const meters: SheetMeterView[] = [];
  for (const each of figures.meters) meters.push(await meterText(tx, each));
  const { settlement } = figures;
  return {
    at,
    meters,
    whole: figures.whole,
    wallet: formatMoney(figures.wallet),
    debts: formatMoney(figures.debts),
    credit: formatMoney(settlement.credit),
    charges: formatMoney(settlement.charges),
    total: formatMoney(settlement.total),
    payable: formatMoney(settlement.payable),
    rest: formatMoney(settlement.rest),
    owed: formatMoney(settlement.owed),
  };
}

async function meterText(tx: Tx, each: MeterFigures): Promise<SheetMeterView> {
  const { row, cleared } = each;
  const meter = await meterToAct(tx, SCOPE_ALL, row.meter_id);
  assert(meter !== undefined, `meter ${row.meter_id} exists`);
  const pieces =
    cleared === null
      ? piecesOf(await openLots(tx, row.meter_id), each.creditAt === "meter" ? each.unitsWh : 0)
      : (await piecesOfRefund(tx, cleared.refund_no)).map((piece) => ({
          lotId: piece.lot_id,
          unitsWh: piece.taken_wh,
          value: money(piece.taken_e4),
        }));
  const lots = await lotsById(
    tx,
    pieces.map((piece) => piece.lotId),
  );
  return {
    meterId: row.meter_id,
    label: meter.label,
    number: meter.number,
    meterKind: meter.kind,
    creditAt: each.creditAt,
    source: row.source === "" ? "last" : row.source,
    sourceReason: row.source_reason,
    sourceBy: row.source_by,
    indexWh: row.index_wh,
    remainingWh: row.remaining_wh,
    readAt: row.read_at ?? 0,
    unitsWh: each.unitsWh,
    pieces: pieces.map((piece) => {
      const lot = lots.get(piece.lotId);
      assert(lot !== undefined, `lot ${piece.lotId} exists`);
      return {
        orderNo: lot.order_no,
        boughtAt: lot.made_at,
        unitsWh: piece.unitsWh,
        price: formatMoney(proportion(money(lot.cost_e4), PER_UNIT, Math.max(1, lot.units_wh))),
        value: formatMoney(piece.value),
      };
    }),
    value: formatMoney(each.value),
    overridePrice: row.override_e4 === null ? null : formatMoney(price(row.override_e4)),
    overrideValue: each.override === null ? null : formatMoney(each.override),
    overrideBy: row.override_by,
    overrideReason: row.override_reason,
    uncoveredWh: each.uncoveredWh,
    leftoverWh: each.leftoverWh,
    leftover: formatMoney(each.leftover),
    overuseWh: each.overuseWh,
    overuse: formatMoney(each.overuse),
    balance: each.creditAt === "server" && each.hasBalance ? formatMoney(each.balance) : null,
  };
}
