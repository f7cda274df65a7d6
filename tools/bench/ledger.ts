import { assert } from "#base/errors.ts";
import { instant } from "#base/time.ts";
import { money } from "#base/units.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import type { Db } from "#store/db.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import type { TestDatabase } from "#store/test-databases.ts";
import { randomAt } from "../fuzz/random.ts";
import { type BenchLine, median } from "./line-format.ts";
import { onDatabases } from "./on-databases.ts";
import { type Recorded, recording, replay } from "./recorded.ts";

const ACCOUNTS = 10_000;
const CLIENTS = [1, 4, 16] as const;
/** Transfers in one measurement: few, and many of them in turns, for a disk is fast in one second and slow in the next. */
const TRANSFERS = 400;
const ROUNDS = 15;
const TARGET = 0.7;
const AT = instant(Date.UTC(2026, 2, 2, 4));

/**
 * Transfers a second, each in a transaction of its own, between balances of 10 000 accounts, with 1, 4 and 16 clients that wait for their
 * commits; against the very same statements, recorded and sent by as many clients through the bare driver to an equal database.
 */
export async function bench(): Promise<BenchLine[]> {
  return onDatabases(async (name, fresh) => {
    const [ours, theirs] = [await fresh(), await fresh()];
    await Promise.all([openAll(ours), openAll(theirs)]);
    const lines: BenchLine[] = [];
    for (const clients of CLIENTS) lines.push(await measure(name, { ours, theirs, clients }));
    return lines;
  });
}

let series = 0;

async function measure(
  name: string,
  { ours, theirs, clients }: { ours: TestDatabase; theirs: TestDatabase; clients: number },
): Promise<BenchLine> {
  const took: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // What is replayed was recorded on our side; it is booked there too, so the two databases stay equal.
    const log: Recorded[] = [];
    await transferAll(recording(ours, log), { clients: 16, series: ++series });
    const own = ++series;
    const measureBare = async () => bare.push(await replay(theirs.url, log, clients));
    const measureOurs = async () => {
      const start = performance.now();
      await transferAll(ours, { clients, series: own });
      took.push(performance.now() - start);
    };
    for (const one of round % 2 === 0 ? [measureBare, measureOurs] : [measureOurs, measureBare]) await one();
    await transferAll(theirs, { clients: 16, series: own });
  }
  const [oursMs, bareMs] = [median(took), median(bare)];
  const ratio = bareMs / oursMs;
  return {
    bench: "ledger",
    case: `transfers on ${name}, ${clients} ${clients === 1 ? "client" : "clients"}`,
    value: Math.round((TRANSFERS * 1000) / oursMs),
    unit: "transfers/s",
    floor: `the same statements through the bare driver: ${Math.round((TRANSFERS * 1000) / bareMs)} transfers/s`,
    ratio,
    target: TARGET,
    met: ratio >= TARGET,
  };
}

/** All transfers of a series, begun by so many clients, each of which waits for its commit before it begins the next. */
async function transferAll(db: Db, { clients, series }: { clients: number; series: number }): Promise<void> {
  let next = 0;
  const client = async () => {
    for (let n = next++; n < TRANSFERS; n = next++) {
      const random = randomAt(series, n);
      const from: LedgerAccount = { kind: "balance", ref: 1 + random.below(ACCOUNTS) };
      const to: LedgerAccount = { kind: "balance", ref: 1 + ((from.ref + random.below(ACCOUNTS - 1)) % ACCOUNTS) };
      const id = `bench:${series}:${n}`;
      const transfer = postedTransfer({
        id,
        kind: "correction",
        from,
        to,
        amount: money(1 + random.below(9_999)),
        actor: "bench",
      });
      const fresh = await db.transact((tx) => bookTransfer(tx, transfer, AT));
      assert(fresh, `${id} is booked once`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function openAll(db: Db): Promise<void> {
  const all = Array.from({ length: ACCOUNTS }, (_, i): LedgerAccount => ({ kind: "balance", ref: i + 1 }));
  await db.transact((tx) => openLedgerAccounts(tx, all));
}
