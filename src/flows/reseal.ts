import { addAudit } from "#store/audit.ts";
import { SEALED_COLUMNS } from "#store/sealed.ts";
import type { Sealer } from "#system/seal.ts";
import type { FlowContext } from "./context.ts";
import { linkKeyPurpose } from "./meter-keys.ts";
import { type KeyActor, rootKeyPurpose } from "./root-keys.ts";
import { auditBook, ledgerBook } from "./seal-books.ts";
import { totpPurpose } from "./second-factor.ts";

const PURPOSES: Readonly<Record<keyof typeof SEALED_COLUMNS, (id: string) => string>> = {
  rootKeys: (version) => rootKeyPurpose(Number(version)),
  linkKeys: linkKeyPurpose,
  totpSecrets: (userId) => totpPurpose(Number(userId)),
  ledgerSeals: (seq) => ledgerBook.purpose(Number(seq)),
  auditSeals: (seq) => auditBook.purpose(Number(seq)),
};

/** What a run of sealing anew did: texts that were opened by the old master key and sealed by the present one. */
export type Resealed = { resealed: number; alreadyCurrent: number };

/**
 * Seals everything in the database by the present master key. Goes through page by page and can be stopped and run again anywhere: what is
 * sealed by the present key is left alone. A text that changes meanwhile is left to whoever changed it. When it ends
 * without an error nothing needs the old master key any more.
 */
export async function resealEverything(ctx: FlowContext, sealer: Sealer, who: KeyActor): Promise<Resealed> {
  const total: Resealed = { resealed: 0, alreadyCurrent: 0 };
  for (const name of Object.keys(SEALED_COLUMNS) as (keyof typeof SEALED_COLUMNS)[]) {
    let after: Key | null = null;
    do {
      const page: Page = await resealPage(ctx, sealer, name, after);
      total.resealed += page.resealed;
      total.alreadyCurrent += page.alreadyCurrent;
      after = page.last;
    } while (after !== null);
  }
  await ctx.db.transact((tx) => {
    const now = ctx.clock();
    return addAudit(tx, {
      id: ctx.newId(now),
      at: now,
      actor: who.by,
      action: "master_key.reseal",
      object: "master_key",
      before: null,
      after: total,
      reason: who.reason,
      ip: "",
    });
  });
  ctx.log.info(total, "everything is sealed by the present master key");
  return total;
}

type Key = string | number;
type Page = Resealed & { last: Key | null };

function resealPage(
  ctx: FlowContext,
  sealer: Sealer,
  name: keyof typeof SEALED_COLUMNS,
  after: Key | null,
): Promise<Page> {
  const column = SEALED_COLUMNS[name];
  return ctx.db.transact(async (tx) => {
    const rows = await column.page(tx, after);
    let [resealed, alreadyCurrent] = [0, 0];
    for (const row of rows) {
      if (row.sealed === "" || sealer.isCurrent(row.sealed)) {
        alreadyCurrent++;
        continue;
      }
      const purpose = PURPOSES[name](row.id);
      const again = sealer.seal(sealer.unseal(row.sealed, purpose), purpose);
      if (await column.replace(tx, row.key, row.sealed, again)) resealed++;
    }
    return { resealed, alreadyCurrent, last: rows.at(-1)?.key ?? null };
  });
}

/** How many sealed texts still need an old master key. */
export async function sealedByOldKey(ctx: FlowContext, sealer: Sealer): Promise<number> {
  let count = 0;
  for (const column of Object.values(SEALED_COLUMNS)) {
    let after: Key | null = null;
    do {
      const rows: { key: Key; sealed: string }[] = await column.page(ctx.db.read, after);
      count += rows.filter((row) => row.sealed !== "" && !sealer.isCurrent(row.sealed)).length;
      after = rows.at(-1)?.key ?? null;
    } while (after !== null);
  }
  return count;
}
