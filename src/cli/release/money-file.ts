import { createWriteStream, renameSync } from "node:fs";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { formatInstant, instant } from "#base/time.ts";
import { formatMoney, money, sum } from "#base/units.ts";
import type { MoneySince, NamedRow } from "#flows/money-since.ts";
import { type BookSheet, bookFile } from "#server/excel/book.ts";
import { openNew, syncFolder } from "./site.ts";

/** What a list of money says in short: how many and how much. */
export type MoneyTold = { payments: number; paidIn: string; refunds: number; transfers: number };

/** Counts and sums of what came in after a backup. */
export function toldOf({ payments, refunds, transfers }: MoneySince): MoneyTold {
  const paidIn = formatMoney(sum(payments.map(({ amount_e4 }) => money(Number(amount_e4)))));
  return { payments: payments.length, paidIn, refunds: refunds.length, transfers: transfers.length };
}

/**
 * Writes the list of money that came in or went out after a backup as an .xlsx file: payments, refunds, and every transfer with money outside. It has its
 * name only when it is whole and on the disk, and only its owner reads it.
 */
export async function writeMoneyFile(file: string, since: MoneySince): Promise<void> {
  const writing = `${file}.writing`;
  const sheets = [paymentSheet(since), refundSheet(since), transferSheet(since)];
  await pipeline(bookFile(sheets), createWriteStream(writing, { fd: openNew(writing), flush: true }));
  renameSync(writing, file);
  syncFolder(dirname(file));
}

type Column = readonly [zh: string, en: string, width: number, value: (row: NamedRow) => string];

function paymentSheet({ payments, paymentMeters, customers, backupAt }: MoneySince): BookSheet {
  return sheetOf(`备份 ${at(String(backupAt)).slice(0, 10)} 之后收款`, payments, [
    ["收据号", "Receipt", 18, (row) => row.receipt_no ?? ""],
    ["收款单号", "Payment", 20, (row) => row.payment_no ?? ""],
    ["收款时间", "Taken at", 20, (row) => at(row.taken_at)],
    ["金额(元)", "Yuan", 12, (row) => yuan(row.amount_e4)],
    ["渠道", "Channel", 10, (row) => row.channel ?? ""],
    ["渠道单号", "Number of the channel", 24, (row) => row.external_id ?? ""],
    ["表号", "Meters", 20, (row) => (paymentMeters.get(row.payment_no ?? "") ?? []).join(" ")],
    ["客户", "Customer", 24, (row) => customers.get(row.customer_id ?? "") ?? ""],
    ["收款人", "Taken by", 14, (row) => row.taken_by ?? ""],
    ["用途", "Outcome", 12, (row) => row.outcome ?? ""],
    ["备注", "Note", 30, (row) => row.note ?? ""],
  ]);
}

function refundSheet({ refunds, meters, customers }: MoneySince): BookSheet {
  return sheetOf("退费 Refunds", refunds, [
    ["退费单号", "Refund", 20, (row) => row.refund_no ?? ""],
    ["状态", "State", 12, (row) => row.state ?? ""],
    ["种类", "Kind", 12, (row) => row.kind ?? ""],
    ["方式", "Method", 12, (row) => row.method ?? ""],
    ["申请金额(元)", "Asked, yuan", 14, (row) => yuan(row.amount_e4)],
    ["结果金额(元)", "Settled, yuan", 14, (row) => yuan(row.settled_e4)],
    ["表号", "Meter", 16, (row) => meters.get(row.meter_id ?? "") ?? ""],
    ["客户", "Customer", 24, (row) => customers.get(row.customer_id ?? "") ?? ""],
    ["申请时间", "Asked at", 20, (row) => at(row.created_at)],
    ["付款时间", "Paid at", 20, (row) => at(row.paid_at)],
    ["付款人", "Paid by", 14, (row) => row.paid_by ?? ""],
    ["原因", "Reason", 30, (row) => row.reason ?? ""],
  ]);
}

function transferSheet({ transfers, meters }: MoneySince): BookSheet {
  return sheetOf("账本 Ledger", transfers, [
    ["时间", "At", 20, (row) => at(row.at)],
    ["种类", "Kind", 12, (row) => row.kind ?? ""],
    ["单号", "Number", 24, (row) => row.order_no ?? ""],
    ["表号", "Meter", 16, (row) => meters.get(row.meter_id ?? "") ?? ""],
    ["账户与金额(万分之一元)", "Accounts and 1/10000 yuan", 44, (row) => row.amounts ?? ""],
    ["经办", "By", 14, (row) => row.actor ?? ""],
    ["说明", "Memo", 40, (row) => row.memo ?? ""],
  ]);
}

function sheetOf(name: string, rows: readonly NamedRow[], columns: readonly Column[]): BookSheet {
  return {
    name,
    columns: columns.map(([, , width]) => ({ width })),
    heads: [columns.map(([zh]) => zh), columns.map(([, en]) => en)],
    rows: rows.map((row) => columns.map(([, , , value]) => value(row))),
  };
}

function at(ms: string | null | undefined): string {
  return ms === null || ms === undefined ? "" : formatInstant(instant(Number(ms)));
}

function yuan(e4: string | null | undefined): string {
  return e4 === null || e4 === undefined ? "" : formatMoney(money(Number(e4)));
}
