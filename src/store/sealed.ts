import type { Tx } from "./db.ts";
import { updatedRows } from "./portable.ts";
import { type SealBookName, sealTables } from "./seals.ts";

/** Rows looked at in one question. */
const PAGE = 200;

/** A column whose texts are sealed by the master key: how to go through it, and how to put another text in the place of one. */
type SealedColumn = {
  name: string;
  /** The texts behind `after`, in the order of their keys; null for the first. */
  page(tx: Tx, after: string | number | null): Promise<{ key: string | number; id: string; sealed: string }[]>;
  /** False when the text is no longer the one that was read. */
  replace(tx: Tx, key: string | number, from: string, to: string): Promise<boolean>;
};

const rootKeys: SealedColumn = {
  name: "root_key.sealed",
  async page(tx, after) {
    const rows = await tx
      .selectFrom("root_key")
      .select(["version", "sealed"])
      .where("version", ">", Number(after ?? 0))
      .orderBy("version")
      .limit(PAGE)
      .execute();
    return rows.map((row) => ({ key: row.version, id: String(row.version), sealed: row.sealed ?? "" }));
  },
  async replace(tx, key, from, to) {
    const result = await tx
      .updateTable("root_key")
      .set({ sealed: to })
      .where("version", "=", Number(key))
      .where("sealed", "=", from)
      .executeTakeFirst();
    return updatedRows(result) === 1;
  },
};

const linkKeys: SealedColumn = {
  name: "concentrator.key_sealed",
  async page(tx, after) {
    const rows = await tx
      .selectFrom("concentrator")
      .select(["id", "code", "key_sealed"])
      .where("id", ">", Number(after ?? 0))
      .orderBy("id")
      .limit(PAGE)
      .execute();
    return rows.map((row) => ({ key: row.id, id: row.code, sealed: row.key_sealed }));
  },
  async replace(tx, key, from, to) {
    const result = await tx
      .updateTable("concentrator")
      .set({ key_sealed: to })
      .where("id", "=", Number(key))
      .where("key_sealed", "=", from)
      .executeTakeFirst();
    return updatedRows(result) === 1;
  },
};

const totpSecrets: SealedColumn = {
  name: "user_totp.secret_sealed",
  async page(tx, after) {
    const rows = await tx
      .selectFrom("user_totp")
      .select(["user_id", "secret_sealed"])
      .where("user_id", ">", Number(after ?? 0))
      .orderBy("user_id")
      .limit(PAGE)
      .execute();
    return rows.map((row) => ({ key: row.user_id, id: String(row.user_id), sealed: row.secret_sealed }));
  },
  async replace(tx, key, from, to) {
    const result = await tx
      .updateTable("user_totp")
      .set({ secret_sealed: to })
      .where("user_id", "=", Number(key))
      .where("secret_sealed", "=", from)
      .executeTakeFirst();
    return updatedRows(result) === 1;
  },
};

const ledgerSeals = signatures("ledger");
const auditSeals = signatures("audit");

function signatures(book: SealBookName): SealedColumn {
  const { seal } = sealTables(book);
  return {
    name: `${seal}.signature`,
    async page(tx, after) {
      const rows = await tx
        .selectFrom(seal)
        .select(["seq", "signature"])
        .where("seq", ">", Number(after ?? 0))
        .orderBy("seq")
        .limit(PAGE)
        .execute();
      return rows.map((row) => ({ key: row.seq, id: String(row.seq), sealed: row.signature }));
    },
    async replace(tx, key, from, to) {
      const result = await tx
        .updateTable(seal)
        .set({ signature: to })
        .where("seq", "=", Number(key))
        .where("signature", "=", from)
        .executeTakeFirst();
      return updatedRows(result) === 1;
    },
  };
}

/**
 * Every column with texts sealed by the master key. A new one gets its entry here, or a change of the master key would leave it behind;
 * a test compares this list with the tables.
 */
export const SEALED_COLUMNS = { rootKeys, linkKeys, totpSecrets, ledgerSeals, auditSeals } as const satisfies Record<
  string,
  SealedColumn
>;
