import { AppError } from "#base/errors.ts";
import { readArchive } from "#store/backup/archive.ts";
import type { BackupTable, BackupValue } from "#store/backup/columns.ts";
import { openSnapshot, type Snapshot } from "#store/backup/snapshot.ts";

/** A row by the names of its columns, as text; null stays null. Tables of any version can be read so. */
export type NamedRow = Readonly<Record<string, string | null>>;

/** Accounts of the ledger that stand for money outside: what moved there cannot be told anew by any meter. */
const OUTSIDE: readonly string[] = [
  "cash",
  "transfer",
  "wechat",
  "partner",
  "handed_over",
  "suspense",
  "refund_payable",
];

/**
 * Money that came in or went out after a backup (备份之后的收付款): payments that are not in it, refunds that are not in it or have gone on since, and every
 * transfer with an account outside. `meters` and `customers` are those that they name, by id.
 */
export type MoneySince = {
  backupAt: number;
  payments: NamedRow[];
  /** Meter numbers of each payment, by `payment_no`. */
  paymentMeters: ReadonlyMap<string, string[]>;
  refunds: NamedRow[];
  transfers: (NamedRow & { amounts: string })[];
  meters: ReadonlyMap<string, string>;
  customers: ReadonlyMap<string, string>;
};

/**
 * Compares a database with a backup of it, row by row and not by time: what was booked late, or by a clock that was wrong, is found too. Reads tables
 * as they are, also of another version or of an upgrade that was broken off. Throws `backup_of_another` when a payment of the backup is not in the database.
 */
export async function moneySince(input: { url: string; file: string; passphrase: string | null }): Promise<MoneySince> {
  const was = await inBackup(input.file, input.passphrase);
  const snapshot = await openSnapshot(input.url);
  try {
    const payments: NamedRow[] = [];
    for await (const row of rowsOf(snapshot, "payment"))
      if (!was.payments.delete(row.payment_no ?? "")) payments.push(row);
    const [lost] = was.payments;
    if (lost !== undefined) throw new AppError("backup_of_another", { file: input.file, payment: lost });
    const refunds: NamedRow[] = [];
    for await (const row of rowsOf(snapshot, "refund"))
      if (was.refunds.get(row.refund_no ?? "") !== row.state) refunds.push(row);
    const transfers = await newTransfers(snapshot, was.transfers);
    const fresh = new Set(payments.map(({ payment_no }) => payment_no));
    const orders = await gathered(snapshot, "recharge_order", ({ payment_no }) =>
      fresh.has(payment_no ?? "") ? payment_no : null,
    );
    const meters = await names(snapshot, "meter", (row) => row.number ?? "");
    const customers = await names(snapshot, "customer", (row) => `${row.number ?? ""} ${row.name ?? ""}`.trim());
    const paymentMeters = new Map(
      payments.map(({ payment_no }) => [
        payment_no ?? "",
        (orders.get(payment_no ?? "") ?? []).map(({ meter_id }) => meters.get(meter_id ?? "") ?? ""),
      ]),
    );
    return { backupAt: was.takenAt, payments, paymentMeters, refunds, transfers, meters, customers };
  } finally {
    await snapshot.close();
  }
}

type Was = { takenAt: number; payments: Set<string>; refunds: Map<string, string | null>; transfers: Set<string> };

async function inBackup(file: string, passphrase: string | null): Promise<Was> {
  const was: Was = { takenAt: 0, payments: new Set(), refunds: new Map(), transfers: new Set() };
  for await (const each of readArchive(file, passphrase)) {
    if (each.kind === "head") was.takenAt = each.head.takenAt;
    if (each.kind !== "rows") continue;
    const { table } = each;
    for (const values of each.rows) {
      if (table.name === "payment") was.payments.add(named(table, values).payment_no ?? "");
      if (table.name === "ledger_transfer") was.transfers.add(named(table, values).id ?? "");
      if (table.name === "refund") {
        const { refund_no, state = null } = named(table, values);
        was.refunds.set(refund_no ?? "", state);
      }
    }
  }
  return was;
}

/** Transfers that are new and touch money outside, each with what they brought to which account in 1/10000 yuan. */
async function newTransfers(snapshot: Snapshot, known: ReadonlySet<string>): Promise<MoneySince["transfers"]> {
  const fresh = new Map<string, NamedRow>();
  for await (const row of rowsOf(snapshot, "ledger_transfer"))
    if (!known.has(row.id ?? "")) fresh.set(row.id ?? "", row);
  const entries = await gathered(snapshot, "ledger_entry", (row) =>
    fresh.has(row.transfer_id ?? "") ? row.transfer_id : undefined,
  );
  return [...fresh].flatMap(([id, row]) => {
    const outside = (entries.get(id) ?? []).filter(({ account_id }) => OUTSIDE.includes(kindOf(account_id)));
    if (outside.length === 0) return [];
    return [{ ...row, amounts: outside.map((each) => `${each.account_id} ${each.amount_e4}`).join(" · ") }];
  });
}

/** `cash:1` is the cash of project 1; accounts that keep no balance are nowhere but in their entries. */
function kindOf(accountId: string | null | undefined): string {
  return accountId?.split(":")[0] ?? "";
}

async function* rowsOf(snapshot: Snapshot, name: string): AsyncGenerator<NamedRow> {
  const table = snapshot.tables.find((each) => each.name === name);
  if (table === undefined) throw new Error(`the database has no table ${name}`);
  for await (const rows of snapshot.rows(table)) for (const row of rows) yield named(table, row);
}

async function gathered(
  snapshot: Snapshot,
  table: string,
  keyOf: (row: NamedRow) => string | null | undefined,
): Promise<Map<string, NamedRow[]>> {
  const found = new Map<string, NamedRow[]>();
  for await (const row of rowsOf(snapshot, table)) {
    const key = keyOf(row);
    if (key === null || key === undefined || key === "") continue;
    const there = found.get(key);
    if (there === undefined) found.set(key, [row]);
    else there.push(row);
  }
  return found;
}

async function names(
  snapshot: Snapshot,
  table: string,
  nameOf: (row: NamedRow) => string,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const row of rowsOf(snapshot, table)) found.set(row.id ?? "", nameOf(row));
  return found;
}

function named({ columns }: BackupTable, row: readonly BackupValue[]): NamedRow {
  return Object.fromEntries(
    columns.map(({ name }, i) => {
      const value = row[i] ?? null;
      return [name, value === null || value instanceof Uint8Array ? null : String(value)];
    }),
  );
}
