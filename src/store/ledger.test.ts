import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Instant, instant } from "#base/time.ts";
import { money } from "#base/units.ts";
import { type LedgerAccount, pendingTransfer, postedTransfer } from "#domain/ledger.ts";
import { balanceOf, bookTransfer, claimBalance, openLedgerAccounts, resolveTransfer } from "./ledger.ts";
import { Stale } from "./stale.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "./test-databases.ts";

const cash: LedgerAccount = { kind: "cash", ref: 1 };
const at: Instant = instant(1_000);
let nextRef = 0;

describe.each(testDatabases)("the ledger on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let db: TestDatabase;
  beforeAll(async () => {
    if (available) db = await freshDatabase(name);
  });
  afterAll(() => db?.drop());

  /** A wallet with 100 in it and an empty meter credit, nobody else's. */
  async function opened() {
    const ref = ++nextRef;
    const wallet: LedgerAccount = { kind: "wallet", ref };
    const credit: LedgerAccount = { kind: "meter_credit", ref };
    await db.transact(async (tx) => {
      await openLedgerAccounts(tx, [wallet, credit]);
      await bookTransfer(tx, move(`pay:${ref}`, cash, wallet, 100), at);
    });
    return { ref, wallet, credit };
  }

  const move = (id: string, from: LedgerAccount, to: LedgerAccount, amount: number) =>
    postedTransfer({ id, kind: "payment", from, to, amount: money(amount), actor: "test" });
  const hold = (id: string, from: LedgerAccount, to: LedgerAccount, amount: number) =>
    pendingTransfer({ id, kind: "recharge", from, to, amount: money(amount), actor: "test" });
  const balance = async (account: LedgerAccount) => {
    const { posted, reserved } = await balanceOf(db.read, account);
    return { posted, reserved };
  };
  const end = (transferId: string, outcome: "posted" | "voided") =>
    db.transact((tx) => resolveTransfer(tx, { transferId, outcome, at, actor: "test" }));

  on("a transfer is booked once, however often its cause comes", async () => {
    const { ref, wallet } = await opened();
    const again = await db.transact((tx) => bookTransfer(tx, move(`pay:${ref}`, cash, wallet, 100), at));
    expect(again).toBe(false);
    expect(await balance(wallet)).toEqual({ posted: 100, reserved: 0 });
  });

  on("what is pending is reserved, and ends posted or voided, once", async () => {
    const { ref, wallet, credit } = await opened();
    await db.transact((tx) => bookTransfer(tx, hold(`a:${ref}`, wallet, credit, 60), at));
    expect(await balance(wallet)).toEqual({ posted: 100, reserved: 60 });
    expect(await end(`a:${ref}`, "posted")).toBe(true);
    expect(await end(`a:${ref}`, "voided")).toBe(false);
    expect(await end(`a:${ref}`, "posted")).toBe(false);
    expect(await balance(wallet)).toEqual({ posted: 40, reserved: 0 });
    expect(await balance(credit)).toEqual({ posted: 60, reserved: 0 });
    await db.transact((tx) => bookTransfer(tx, hold(`b:${ref}`, wallet, credit, 40), at));
    await end(`b:${ref}`, "voided");
    expect(await balance(wallet)).toEqual({ posted: 40, reserved: 0 });
  });

  on("a wallet never goes below zero, also not by what is reserved", async () => {
    const { ref, wallet, credit } = await opened();
    await db.transact((tx) => bookTransfer(tx, hold(`h:${ref}`, wallet, credit, 70), at));
    const more = db.transact((tx) => bookTransfer(tx, hold(`i:${ref}`, wallet, credit, 31), at));
    await expect(more).rejects.toBeInstanceOf(Stale);
    await expect(
      db.transact((tx) => bookTransfer(tx, move(`j:${ref}`, wallet, credit, 31), at)),
    ).rejects.toBeInstanceOf(Stale);
    await db.transact((tx) => bookTransfer(tx, move(`k:${ref}`, wallet, credit, 30), at));
    expect(await balance(wallet)).toEqual({ posted: 70, reserved: 70 });
  });

  on("of many who want the same money at once, only as many get it as there is money", async () => {
    const { ref, wallet, credit } = await opened();
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, (_, i) =>
        db.transact((tx) => bookTransfer(tx, hold(`${ref}:${i}`, wallet, credit, 30), at)),
      ),
    );
    expect(tries.filter((each) => each.status === "fulfilled")).toHaveLength(3);
    expect(await balance(wallet)).toEqual({ posted: 100, reserved: 90 });
  });

  on("a decision on a balance that changed since is stale", async () => {
    const { ref, wallet, credit } = await opened();
    const seen = await balanceOf(db.read, wallet);
    await db.transact((tx) => bookTransfer(tx, move(`m:${ref}`, wallet, credit, 1), at));
    await expect(db.transact((tx) => claimBalance(tx, wallet, seen))).rejects.toBeInstanceOf(Stale);
    const fresh = await balanceOf(db.read, wallet);
    await db.transact((tx) => claimBalance(tx, wallet, fresh));
  });

  on("an account that was never opened takes no money", async () => {
    const never: LedgerAccount = { kind: "wallet", ref: 999_999 };
    await expect(db.transact((tx) => bookTransfer(tx, move("never", cash, never, 5), at))).rejects.toBeInstanceOf(
      Stale,
    );
    expect(await db.read.selectFrom("ledger_transfer").select("id").where("id", "=", "never").execute()).toEqual([]);
  });

  on("a transfer that does not balance, or moves nothing, is our own mistake and stops", async () => {
    const { wallet, credit } = await opened();
    const good = move("bad", wallet, credit, 5);
    const crooked = {
      ...good,
      entries: [
        { account: wallet, amount: money(-5) },
        { account: credit, amount: money(6) },
      ],
    };
    await expect(db.transact((tx) => bookTransfer(tx, crooked, at))).rejects.toThrow("does not balance");
    expect(() => move("nothing", wallet, credit, 0)).toThrow();
    expect(() => hold("negative", wallet, credit, -5)).toThrow();
  });

  on("after any sequence of moves every balance is the sum of its entries and all of them are zero", async () => {
    const { ref, wallet, credit } = await opened();
    const step = fc.record({
      what: fc.constantFrom("move", "hold", "post", "void"),
      amount: fc.integer({ min: 1, max: 80 }),
      nth: fc.nat(20),
    });
    let made = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const held: string[] = [];
        for (const { what, amount, nth } of steps) {
          const id = `p:${ref}:${++made}`;
          const target = held[nth % Math.max(1, held.length)];
          const doing =
            what === "move"
              ? db.transact((tx) => bookTransfer(tx, move(id, wallet, credit, amount), at))
              : what === "hold"
                ? db.transact((tx) => bookTransfer(tx, hold(id, wallet, credit, amount), at))
                : target === undefined
                  ? db.transact((tx) => bookTransfer(tx, move(id, cash, wallet, amount), at))
                  : end(target, what === "post" ? "posted" : "voided");
          const done = await doing.catch((error: unknown) => {
            if (!(error instanceof Stale)) throw error;
            return false;
          });
          if (what === "hold" && done) held.push(id);
        }
        const entries = await db.read
          .selectFrom("ledger_entry")
          .innerJoin("ledger_transfer", "ledger_transfer.id", "ledger_entry.transfer_id")
          .leftJoin("ledger_resolution", "ledger_resolution.transfer_id", "ledger_entry.transfer_id")
          .select(["account_id", "amount_e4", "pending", "outcome"])
          .execute();
        expect(entries.reduce((sum, entry) => sum + entry.amount_e4, 0)).toBe(0);
        for (const account of [wallet, credit]) {
          const own = entries.filter((entry) => entry.account_id === `${account.kind}:${account.ref}`);
          const posted = own.filter((entry) => entry.pending === 0 || entry.outcome === "posted");
          const open = own.filter((entry) => entry.pending === 1 && entry.outcome === null && entry.amount_e4 < 0);
          expect(await balance(account)).toEqual({
            posted: posted.reduce((sum, entry) => sum + entry.amount_e4, 0),
            reserved: open.reduce((sum, entry) => sum - entry.amount_e4, 0),
          });
        }
      }),
      { numRuns: 25 },
    );
  });
});
