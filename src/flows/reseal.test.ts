import { afterEach, describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { money } from "#base/units.ts";
import { type LedgerAccount, postedTransfer } from "#domain/ledger.ts";
import { bookTransfer, openLedgerAccounts } from "#store/ledger.ts";
import { SEALED_COLUMNS } from "#store/sealed.ts";
import { freshDatabase, type TestDatabase, testDatabases } from "#store/test-databases.ts";
import { newId } from "#system/ids.ts";
import { silentLog } from "#system/log.ts";
import { createSealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";
import { enrollSite } from "./enroll.ts";
import { linkKeyPurpose } from "./meter-keys.ts";
import { resealEverything, sealedByOldKey } from "./reseal.ts";
import { builtInSecurity } from "./root-keys.ts";
import { ledgerBook } from "./seal-books.ts";
import { sealRows } from "./seal-rows.ts";
import { verifyLedger } from "./verify-ledger.ts";

const [OLD, NEW] = ["aa".repeat(32), "bb".repeat(32)] as const;
const WHO = { by: "anna", reason: "yearly" };
const LINK_KEY = new Uint8Array(16).fill(7);
const CONCENTRATORS = 450;
const balance = (ref: number): LedgerAccount => ({ kind: "balance", ref });
const transfer = postedTransfer({
  id: "c:1",
  kind: "correction",
  from: balance(1),
  to: balance(2),
  amount: money(5),
  actor: "anna",
});

describe.each(testDatabases)("sealing anew on $name", ({ name, available }) => {
  const on = test.skipIf(!available);
  let db: TestDatabase | undefined;
  afterEach(() => db?.drop());

  async function site(): Promise<FlowContext> {
    db = await freshDatabase(name);
    const ctx = { db, clock: () => instant(1_785_547_800_000), newId, log: silentLog };
    await enrollSite(ctx, createSealer(OLD), {
      project: "p",
      areas: [],
      concentrators: Array.from({ length: CONCENTRATORS }, (_, i) => ({ code: `C${i}`, name: `C${i}`, key: LINK_KEY })),
      meterMasterKey: new Uint8Array(16).fill(9),
    });
    return ctx;
  }

  const rows = () => db!.read.selectFrom("concentrator").select(["code", "key_sealed"]).execute();

  on("goes through everything, again when it was stopped, and then the old key is not needed", async () => {
    const ctx = await site();
    const both = createSealer(NEW, OLD);
    expect(await sealedByOldKey(ctx, both)).toBe(CONCENTRATORS + 1);
    // Stopped somewhere: one row has been sealed anew already.
    await ctx.db.transact((tx) =>
      tx
        .updateTable("concentrator")
        .set({ key_sealed: both.seal(LINK_KEY, linkKeyPurpose("C3")) })
        .where("code", "=", "C3")
        .execute(),
    );
    expect(await resealEverything(ctx, both, WHO)).toEqual({ resealed: CONCENTRATORS, alreadyCurrent: 1 });
    expect(await resealEverything(ctx, both, WHO)).toEqual({ resealed: 0, alreadyCurrent: CONCENTRATORS + 1 });
    expect(await sealedByOldKey(ctx, both)).toBe(0);
    const alone = createSealer(NEW);
    for (const row of await rows()) {
      expect([...alone.unseal(row.key_sealed, linkKeyPurpose(row.code))]).toEqual([...LINK_KEY]);
    }
    expect(await builtInSecurity(ctx, alone).rootCheck(1)).toBe(await builtInSecurity(ctx, both).rootCheck(1));
    const audit = await db!.read.selectFrom("audit").select("action").execute();
    expect(audit.map((row) => row.action)).toEqual(["master_key.reseal", "master_key.reseal"]);
  });

  on("the ledger's seals hold under the new key alone", async () => {
    const ctx = await site();
    await ctx.db.transact((tx) => openLedgerAccounts(tx, [balance(1), balance(2)]));
    await ctx.db.transact((tx) => bookTransfer(tx, transfer, ctx.clock()));
    expect(await sealRows(ctx, createSealer(OLD), ledgerBook)).toBe(1);
    await resealEverything(ctx, createSealer(NEW, OLD), WHO);
    const report = await verifyLedger(ctx, createSealer(NEW));
    expect(report).toMatchObject({ ok: true, problems: [], seals: { sealed: 1 } });
  });

  on("without the old key stops with a clear sentence and changes nothing that it could not open", async () => {
    const ctx = await site();
    const before = await rows();
    await expect(resealEverything(ctx, createSealer(NEW), WHO)).rejects.toThrow("another JICHAO_MASTER_KEY");
    expect(await rows()).toEqual(before);
  });

  on("knows every column that holds sealed texts", async () => {
    await site();
    const tables = await db!.transact((tx) => tx.introspection.getTables());
    const sealed = tables.flatMap((table) =>
      table.columns
        .filter((column) => /(^|_)sealed$|^signature$/.test(column.name))
        .map((column) => `${table.name}.${column.name}`),
    );
    expect(
      Object.values(SEALED_COLUMNS)
        .map((column) => column.name)
        .sort(),
    ).toEqual(sealed.sort());
  });
});
