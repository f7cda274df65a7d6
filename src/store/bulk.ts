import { CompiledQuery, MysqlAdapter } from "kysely";
import type { Bindable } from "./bind.ts";
import type { Tx } from "./db.ts";
import type { Schema } from "./schema.ts";

type Row = Readonly<Record<string, unknown>>;

/**
 * Sets `columns` of many rows, each to values of its own, found by `key`. Rows that are not there are left out. On the MySQL family some
 * hundred rows a statement, joined as a list of selects, which every engine of it knows. On SQLite a prepared statement for each row,
 * which is as fast there.
 */
export async function updateRows<T extends keyof Schema & string>(
  tx: Tx,
  table: T,
  key: keyof Schema[T] & string,
  rows: readonly Schema[T][],
  columns: readonly (keyof Schema[T] & string)[],
): Promise<void> {
  if (rows.length === 0 || columns.length === 0) return;
  if (tx.getExecutor().adapter instanceof MysqlAdapter) await updateByJoin(tx, table, key, rows, columns);
  else await updateOneByOne(tx, table, key, rows, columns);
}

async function updateOneByOne(tx: Tx, table: string, key: string, rows: readonly Row[], columns: readonly string[]) {
  const text = `update "${table}" set ${columns.map((column) => `"${column}" = ?`).join()} where "${key}" = ?`;
  for (const row of rows) {
    await tx.executeQuery(CompiledQuery.raw(text, [...columns.map((column) => row[column]), row[key]]));
  }
}

/** Past the knee: a thousand rows at once are no quicker, and a long list of selects is hard on the planners of some engines. */
const ROWS_PER_UPDATE = 200;

async function updateByJoin(tx: Tx, table: string, key: string, rows: readonly Row[], columns: readonly string[]) {
  const all = [key, ...columns];
  const named = `select ${all.map((column) => `? as \`${column}\``).join()}`;
  const more = ` union all select ${all.map(() => "?").join()}`;
  const set = columns.map((column) => `\`${table}\`.\`${column}\` = told.\`${column}\``).join();
  for (let i = 0; i < rows.length; i += ROWS_PER_UPDATE) {
    const part = rows.slice(i, i + ROWS_PER_UPDATE);
    const text = `update \`${table}\` join (${named}${more.repeat(part.length - 1)}) as told on told.\`${key}\` = \`${table}\`.\`${key}\` set ${set}`;
    await tx.executeQuery(CompiledQuery.raw(text, flatValues(part, all)));
  }
}

/**
 * The text of an insert of many rows: what the query builder would make, without building it value by value. `end` is what follows the
 * values.
 */
export function insertText(
  isMysql: boolean,
  what: { table: string; columns: readonly string[]; rows: number; end: string },
): string {
  const quote = isMysql ? "`" : '"';
  const quoted = (name: string) => quote + name + quote;
  const row = `(${what.columns.map(() => "?").join()})`;
  const values = `${`${row},`.repeat(what.rows - 1)}${row}`;
  return `insert into ${quoted(what.table)} (${what.columns.map(quoted).join()}) values ${values}${what.end}`;
}

/** The values of rows in the order of `columns`, as {@link insertText} wants them. */
export function flatValues(rows: readonly Row[], columns: readonly string[]): Bindable[] {
  const values = new Array<Bindable>(rows.length * columns.length);
  let at = 0;
  for (const row of rows) for (const column of columns) values[at++] = row[column] as Bindable;
  return values;
}
