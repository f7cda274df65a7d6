import { CompiledQuery, type Kysely, MysqlAdapter, sql, type UpdateResult } from "kysely";
import { assert } from "#base/errors.ts";
import type { Bindable } from "./bind.ts";
import { flatValues, insertText } from "./bulk.ts";
import { isDuplicateKeyError } from "./database-failures.ts";
import type { DatabaseKind, Tx } from "./db.ts";
import type { Schema } from "./schema.ts";
import { shaped, type Values } from "./shaped.ts";

/** Rows in one statement: well below SQLite's 32 766 bound values for the widest table, and past the knee of both engines. */
const ROWS_PER_STATEMENT = 400;

/** Which engine the statements go to. */
export function kindOf(tx: Tx): DatabaseKind {
  return tx.getExecutor().adapter instanceof MysqlAdapter ? "mysql" : "sqlite";
}

/** How many rows an update matched. */
export function updatedRows(result: UpdateResult | undefined): number {
  return Number(result?.numUpdatedRows ?? 0n);
}

/** A table whose name is only known at run time: the callers' types have checked it and its columns. */
const ANY = "any_table";
type AnyTx = Kysely<{ [ANY]: Record<string, unknown> }>;
type Row = Readonly<Record<string, unknown>>;

/**
 * Inserts rows and leaves alone what has the same `keys`. Answers how many are new, exactly: flows decide by it. Other mistakes in
 * the data are errors, not ignored.
 */
export async function insertIgnore<T extends keyof Schema & string>(
  tx: Tx,
  table: T,
  rows: readonly Schema[T][],
  keys: readonly (keyof Schema[T] & string)[],
): Promise<number> {
  let fresh = 0;
  for (let i = 0; i < rows.length; i += ROWS_PER_STATEMENT) {
    const part = rows.slice(i, i + ROWS_PER_STATEMENT) as readonly Row[];
    fresh +=
      kindOf(tx) === "mysql" ? await insertNew(tx, table, part, keys) : await insertOrNothing(tx, table, part, keys);
  }
  return fresh;
}

async function insertOrNothing(tx: Tx, table: string, rows: readonly Row[], keys: readonly string[]): Promise<number> {
  const { numAffectedRows } = await insertAll(tx, table, rows, keys);
  return Number(numAffectedRows ?? 0n);
}

/**
 * MySQL has no "do nothing" that counts exactly and hides nothing else, so: insert, and when a key is taken look which rows are
 * there and insert the rest. A failed statement undoes only itself.
 */
async function insertNew(tx: Tx, table: string, rows: readonly Row[], keys: readonly string[]): Promise<number> {
  let left = rows;
  while (left.length > 0) {
    try {
      await insertAll(tx, table, left);
      return left.length;
    } catch (error) {
      if (!isDuplicateKeyError(error)) throw error;
      const rest = await withoutTaken(tx, table, left, keys);
      if (rest.length === left.length) throw error; // another key than these is taken: not ours to ignore
      left = rest;
    }
  }
  return 0;
}

async function withoutTaken(
  tx: Tx,
  table: string,
  rows: readonly Row[],
  keys: readonly string[],
): Promise<readonly Row[]> {
  const first = new Map<string, Row>(); // of rows with one key in one call the first counts, as on SQLite
  for (const row of rows) if (!first.has(keyText(row, keys))) first.set(keyText(row, keys), row);
  const unique = [...first.values()];
  const taken = await anyTables(tx)
    .selectFrom(table as typeof ANY)
    .select([...keys])
    .where((eb) => eb.or(unique.map((row) => eb.and(keys.map((key) => eb(key, "=", row[key]))))))
    .execute();
  const known = new Set(taken.map((row) => keyText(row, keys)));
  const rest = unique.filter((row) => !known.has(keyText(row, keys)));
  return rest.length === rows.length ? rows : rest;
}

function keyText(row: Row, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => row[key]));
}

/** Inserts rows; where `keys` are taken, the columns `set` are overwritten. */
export async function upsert<T extends keyof Schema & string>(
  tx: Tx,
  table: T,
  rows: readonly Schema[T][],
  keys: readonly (keyof Schema[T] & string)[],
  set: readonly (keyof Schema[T] & string)[],
): Promise<void> {
  assert(set.length > 0, "an upsert overwrites something");
  for (let i = 0; i < rows.length; i += ROWS_PER_STATEMENT) {
    const part = rows.slice(i, i + ROWS_PER_STATEMENT) as readonly Row[];
    const columns = Object.keys(part[0] ?? {});
    assert(
      part.every((row) => hasColumns(row, columns)),
      `rows of one upsert into ${table} have the same columns`,
    );
    const isMysql = kindOf(tx) === "mysql";
    const end = isMysql
      ? ` on duplicate key update ${set.map((column) => `\`${column}\` = values(\`${column}\`)`).join()}`
      : ` on conflict (${keys.map((key) => `"${key}"`).join()}) do update set ${set.map((column) => `"${column}" = excluded."${column}"`).join()}`;
    const text = insertText(isMysql, { table, columns, rows: part.length, end });
    await tx.executeQuery(CompiledQuery.raw(text, flatValues(part, columns)));
  }
}

/** Inserts rows that are all new; a taken key is an error. */
export async function insertRows<T extends keyof Schema & string>(
  tx: Tx,
  table: T,
  rows: readonly Schema[T][],
): Promise<void> {
  for (let i = 0; i < rows.length; i += ROWS_PER_STATEMENT) {
    await insertAll(tx, table, rows.slice(i, i + ROWS_PER_STATEMENT) as readonly Row[]);
  }
}

/** Up to so many rows the text of the statement is kept: flows insert few rows, into the same tables, all day. */
const ROWS_SHAPED_MAX = 4;
const shapes = new Map<string, ReturnType<typeof shaped<Values>>>();

/** Inserts rows by one statement; with `nothingOn`, rows whose key is taken are left out. */
function insertAll(tx: Tx, table: string, rows: readonly Row[], nothingOn: readonly string[] = []) {
  const columns = Object.keys(rows[0] ?? {});
  const isShapely = rows.length <= ROWS_SHAPED_MAX && rows.every((row) => hasColumns(row, columns));
  if (!isShapely) {
    if (!rows.every((row) => hasColumns(row, columns)))
      return tx.executeQuery(insertion(tx, table, rows, nothingOn).compile());
    const isMysql = kindOf(tx) === "mysql";
    const end = nothingOn.length === 0 ? "" : ` on conflict (${nothingOn.map((key) => `"${key}"`).join()}) do nothing`;
    const text = insertText(isMysql, { table, columns, rows: rows.length, end });
    return tx.executeQuery(CompiledQuery.raw(text, flatValues(rows, columns)));
  }
  const name = `${table} ${rows.length} ${columns.join()} ${nothingOn.join()}`;
  let insert = shapes.get(name);
  if (insert === undefined) {
    const placed = (values: Values) =>
      rows.map((_, i) => Object.fromEntries(columns.map((column) => [column, values[i + column]])));
    insert = shaped((on, values) => insertion(on, table, placed(values), nothingOn));
    shapes.set(name, insert);
  }
  const values: Record<string, Bindable> = {};
  rows.forEach((row, i) => {
    for (const column of columns) values[i + column] = row[column] as Bindable;
  });
  return insert(tx, values);
}

function hasColumns(row: Row, columns: readonly string[]): boolean {
  return Object.keys(row).length === columns.length && columns.every((column) => row[column] !== undefined);
}

function insertion(tx: Tx, table: string, rows: readonly Row[], nothingOn: readonly string[]) {
  const insert = anyTables(tx)
    .insertInto(table as typeof ANY)
    .values([...rows]);
  return nothingOn.length === 0
    ? insert
    : insert.onConflict((conflict) => conflict.columns([...nothingOn]).doNothing());
}

/** Inserts rows; where `keys` are taken, the columns `add` grow by what the row has in them instead. */
export async function addToColumns<T extends keyof Schema & string>(
  tx: Tx,
  table: T,
  rows: readonly Schema[T][],
  keys: readonly (keyof Schema[T] & string)[],
  add: readonly (keyof Schema[T] & string)[],
): Promise<void> {
  for (let i = 0; i < rows.length; i += ROWS_PER_STATEMENT) {
    const insert = anyTables(tx)
      .insertInto(table as typeof ANY)
      .values([...(rows.slice(i, i + ROWS_PER_STATEMENT) as readonly Row[])]);
    if (kindOf(tx) === "mysql") {
      const grown = add.map((column) => [column, sql`${sql.ref(column)} + values(${sql.ref(column)})`]);
      await insert.onDuplicateKeyUpdate(Object.fromEntries(grown)).execute();
    } else {
      const grown = add.map((column) => [
        column,
        sql`${sql.ref(`${table}.${column}`)} + ${sql.ref(`excluded.${column}`)}`,
      ]);
      await insert
        .onConflict((conflict) => conflict.columns([...keys]).doUpdateSet(Object.fromEntries(grown)))
        .execute();
    }
  }
}

function anyTables(tx: Tx): AnyTx {
  return tx as unknown as AnyTx;
}
