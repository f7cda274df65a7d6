import { sql } from "kysely";
import { ledgerKinds } from "#domain/ledger.ts";
import type { Tx } from "./db.ts";

/** Accounts added up in one statement. */
const ACCOUNTS_PER_PAGE = 500;

/** The sum over the whole ledger (must be 0), and how many transfers it holds. */
export async function ledgerTotals(read: Tx): Promise<{ sumE4: number; transfers: number }> {
  const { rows } = await sql<{ total: number | null; transfers: number }>`select
    (select sum(amount_e4) from ledger_entry) as total, (select count(*) from ledger_transfer) as transfers`.execute(
    read,
  );
  return { sumE4: Number(rows[0]?.total ?? 0), transfers: Number(rows[0]?.transfers ?? 0) };
}

/** Transfers whose lines do not sum to zero, at most `limit`. */
export async function unbalancedTransfers(read: Tx, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string; total: number }>`select transfer_id as id, sum(amount_e4) as total
    from ledger_entry group by transfer_id having sum(amount_e4) <> 0 order by transfer_id limit ${limit}`.execute(
    read,
  );
  return rows.map(({ id, total }) => `transfer ${id} does not balance: ${Number(total)}`);
}

type AccountSums = {
  id: string;
  balance_e4: number;
  reserved_e4: number;
  floor_e4: number | null;
  posted: number | null;
  held: number | null;
};

/** Accounts whose kept balance or reserve is not the sum of their entries, or that are below their floor; read in pages. */
export async function wrongAccounts(read: Tx, limit: number): Promise<{ count: number; problems: string[] }> {
  const problems: string[] = [];
  let count = 0;
  let after = "";
  for (;;) {
    const { rows } = await sql<AccountSums>`select a.id, a.balance_e4, a.reserved_e4, a.floor_e4,
        sum(case when t.pending = 0 or r.outcome = 'posted' then e.amount_e4 else 0 end) as posted,
        sum(case when t.pending = 1 and r.outcome is null and e.amount_e4 < 0 then -e.amount_e4 else 0 end) as held
      from (select * from ledger_account where id > ${after} order by id limit ${ACCOUNTS_PER_PAGE}) a
      left join ledger_entry e on e.account_id = a.id
      left join ledger_transfer t on t.id = e.transfer_id
      left join ledger_resolution r on r.transfer_id = e.transfer_id
      group by a.id, a.balance_e4, a.reserved_e4, a.floor_e4 order by a.id`.execute(read);
    for (const row of rows) {
      const [balance, held] = [Number(row.posted ?? 0), Number(row.held ?? 0)];
      if (row.balance_e4 !== balance) problems.push(`${row.id} keeps ${row.balance_e4}, its entries say ${balance}`);
      if (row.reserved_e4 !== held) problems.push(`${row.id} reserves ${row.reserved_e4}, its entries say ${held}`);
      if (row.floor_e4 !== null && balance - held < row.floor_e4) problems.push(`${row.id} is below its floor`);
    }
    count += rows.length;
    if (rows.length < ACCOUNTS_PER_PAGE || problems.length >= limit) return { count, problems };
    after = rows.at(-1)?.id ?? "";
  }
}

/** Accounts that have entries and should keep a balance, and do not. */
export async function neverOpened(read: Tx): Promise<string[]> {
  const rows = await read
    .selectFrom("ledger_entry")
    .leftJoin("ledger_account", "ledger_account.id", "ledger_entry.account_id")
    .where("ledger_account.id", "is", null)
    .select("ledger_entry.account_id")
    .distinct()
    .execute();
  const isKept = (id: string) =>
    ledgerKinds[id.slice(0, id.indexOf(":")) as keyof typeof ledgerKinds]?.materialised ?? true;
  return rows
    .filter((row) => isKept(row.account_id))
    .map((row) => `${row.account_id} has entries but was never opened`);
}

/** Bought minus used, in money: what is left of a meter's lots is what its credit account holds. */
export async function wrongLots(read: Tx): Promise<string[]> {
  const { rows } = await sql<{ meter: number; balance: number; rest: number | null }>`select a.ref_id as meter,
      a.balance_e4 as balance, (select sum(l.cost_e4 - l.used_e4) from credit_lot l where l.meter_id = a.ref_id) as rest
    from ledger_account a where a.kind = 'meter_credit'`.execute(read);
  return rows
    .filter(({ balance, rest }) => balance !== Number(rest ?? 0))
    .map(({ meter, balance, rest }) => `meter ${meter}: credit of ${balance}, its lots leave ${Number(rest ?? 0)}`);
}

/**
 * Confirmed commands that carry a purchase number: without gaps, and the last is what the books count. Of a meter that was exchanged those
 * of the present device: it counts by itself.
 */
export async function wrongPurchaseNumbers(read: Tx): Promise<string[]> {
  const { rows } = await sql<{ meter: number; numbers: number; low: number; high: number; booked: number }>`select
      c.meter_id as meter, count(*) as numbers, min(c.purchase_number) as low, max(c.purchase_number) as high,
      s.purchase_count as booked
    from command c join meter_state s on s.meter_id = c.meter_id
    left join (select x.meter_id, max(coalesce(k.created_at, x.swapped_at)) as since
      from meter_exchange x left join command k on k.id = x.load_command_id
      where x.swapped_at is not null group by x.meter_id) d on d.meter_id = c.meter_id
    where c.purchase_number is not null and c.state = 'confirmed' and c.created_at >= coalesce(d.since, 0) group by c.meter_id, s.purchase_count
    having max(c.purchase_number) <> s.purchase_count or count(*) <> max(c.purchase_number) - min(c.purchase_number) + 1`.execute(
    read,
  );
  return rows.map(
    ({ meter, numbers, low, high, booked }) =>
      `meter ${meter}: ${numbers} purchase numbers from ${low} to ${high}, the books count ${booked}`,
  );
}
