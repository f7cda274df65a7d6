import { readFileSync } from "node:fs";
import { sql } from "kysely";
import { openDatabase } from "#store/db.ts";
import { pause, systemClock } from "#system/clock.ts";
import { cashierAt } from "../../test/release-site.ts";

/** A payment that a cashier was told to be taken: by its order and its amount in yuan. */
export type Taken = { orderNo: string; amount: string };

/** A desk of the rehearsal, and everything that it ever took. */
export type Desk = {
  readonly taken: Taken[];
  /** Takes some payments and hears of each. */
  take(count: number): Promise<void>;
  /** Logs in anew: after a restore nobody is logged in any more. */
  again(): Promise<void>;
};

/** Opens the desk. Every payment has an amount of its own. */
export async function desk(base: string, password: string): Promise<Desk> {
  let cashier = await cashierAt(base, password);
  const taken: Taken[] = [];
  return {
    taken,
    async take(count) {
      for (let i = 0; i < count; i++) {
        const amount = (20 + taken.length + taken.length / 100).toFixed(2);
        taken.push({ orderNo: await cashier.take(amount), amount });
      }
    },
    async again() {
      cashier = await cashierAt(base, password);
    },
  };
}

/** The address of the database that the settings name now. */
export function databaseNow(): string {
  const [, url = ""] = /^JICHAO_DB=(.*)$/m.exec(readFileSync("/etc/jichao/jichao.env", "utf8")) ?? [];
  return url;
}

/** What a database says of payments: each order as often as it is there, and the sum of what was paid. */
export async function booked(url: string): Promise<{ orders: Map<string, number>; payments: number; paidE4: number }> {
  const db = await openDatabase(url);
  try {
    const orders = await sql<{ n: string }>`select order_no as n from recharge_order`.execute(db.read);
    const paid = await sql<{ count: number; sum: number | null }>`select count(*) as count, sum(amount_e4) as sum
      from payment`.execute(db.read);
    const counts = new Map<string, number>();
    for (const { n } of orders.rows) counts.set(n, (counts.get(n) ?? 0) + 1);
    return { orders: counts, payments: Number(paid.rows[0]?.count), paidE4: Number(paid.rows[0]?.sum ?? 0) };
  } finally {
    await db.close();
  }
}

/** Which of the payments are not in the books exactly once, and whether there are others; empty when all is right. */
export async function wrongIn(url: string, taken: readonly Taken[]): Promise<string[]> {
  const { orders, payments, paidE4 } = await booked(url);
  const wrong = taken.filter(({ orderNo }) => orders.get(orderNo) !== 1).map(({ orderNo }) => orderNo);
  if (payments !== taken.length) wrong.push(`${payments} payments, not ${taken.length}`);
  const sum = taken.reduce((total, { amount }) => total + Math.round(Number(amount) * 10_000), 0);
  if (paidE4 !== sum) wrong.push(`${paidE4}, not ${sum}`);
  return wrong;
}

const QUIET_MS_MAX = 120_000;

/** Waits until the meters have what was paid for; answers how many orders are then confirmed. */
export async function confirmed(url: string): Promise<number> {
  const deadline = systemClock() + QUIET_MS_MAX;
  const db = await openDatabase(url);
  try {
    for (;;) {
      const { rows } = await sql<{ state: string; count: number }>`select state, count(*) as count
        from recharge_order group by state`.execute(db.read);
      const count = (state: string) => Number(rows.find((row) => row.state === state)?.count ?? 0);
      if (count("booked") + count("sent") + count("unknown") === 0 || systemClock() > deadline)
        return count("confirmed");
      await pause(300);
    }
  } finally {
    await db.close();
  }
}
