import { type CreateTableBuilder, type Kysely, type RawBuilder, sql } from "kysely";
import { assert } from "#base/errors.ts";
import type { Schema } from "../schema.ts";

/** Which engine a migration runs on; MariaDB counts as `mysql`. */
export type Kind = "sqlite" | "mysql";
/** One column: a whole number, or text of at most `chars` characters. */
export type Column = { type: "int" | "text" | "bytes"; chars: number; nullable: boolean };
/** A table as a migration makes it. */
export type Table = {
  columns: Readonly<Record<string, Column>>;
  key: readonly string[];
  /** SQLite: rows live in the key itself. For keys that are not one integer, and rows that are short. */
  withoutRowid?: true;
  unique?: readonly (readonly string[])[];
  indexes?: readonly (readonly string[])[];
};

/** Whole numbers are 64 bits wide everywhere: what counts watt-hours or milliseconds outgrows 32. */
export const int: Column = { type: "int", chars: 0, nullable: false };
/** Text of at most so many characters; SQLite does not count, the contracts do. */
export const text = (chars: number): Column => ({ type: "text", chars, nullable: false });
/** Bytes that nobody searches. */
export const bytes: Column = { type: "bytes", chars: 0, nullable: false };
/** The same column, but it may be null. */
export const maybe = (column: Column): Column => ({ ...column, nullable: true });

/** An id that the application made. */
export const id = text(20);
/** A short code. */
export const code = text(32);
/** A name that people read. */
export const name = text(100);
/** An idempotency or other long key. */
export const key = text(128);
/** Who did it. */
export const actor = text(64);
/** Why, in words of people. */
export const reason = text(500);
/** JSON and other text that nobody searches: beyond what a VARCHAR of an indexed row should hold. */
export const long = text(60_000);

/** Makes every table that is missing, each with its indexes in one statement where the engine commits each by itself. */
export async function makeTables(
  db: Kysely<Schema>,
  kind: Kind,
  tables: Readonly<Record<string, Table>>,
): Promise<void> {
  for (const [table, { columns, key, withoutRowid, unique = [], indexes = [] }] of Object.entries(tables)) {
    let making: CreateTableBuilder<string, string> = db.schema.createTable(table).ifNotExists();
    for (const [column, spec] of Object.entries(columns)) {
      making = making.addColumn(column, columnType(kind, spec), (made) => (spec.nullable ? made : made.notNull()));
    }
    making = making.addPrimaryKeyConstraint(`${table}_key`, [...key]);
    for (const each of unique) making = making.addUniqueConstraint(`${table}_${each.join("_")}`, [...each]);
    if (kind === "mysql") {
      for (const each of indexes) making = making.addIndex(`${table}_by_${each.join("_")}`, [...each]);
    }
    await making.modifyEnd(tableEnd(kind, withoutRowid ?? false)).execute();
    if (kind === "mysql") continue;
    for (const each of indexes) {
      await db.schema
        .createIndex(`${table}_by_${each.join("_")}`)
        .ifNotExists()
        .on(table)
        .columns([...each])
        .execute();
    }
  }
}

/**
 * Adds the columns that a table does not have yet. One that may not be null needs a `fill`, the value of rows that are there
 * already; the code always writes the column itself.
 */
export async function addColumns(
  db: Kysely<Schema>,
  kind: Kind,
  table: string,
  columns: Readonly<Record<string, { column: Column; fill?: number | string }>>,
): Promise<void> {
  const there = await columnNames(db, kind, table);
  for (const [name, { column, fill }] of Object.entries(columns)) {
    if (there.has(name)) continue;
    assert(column.nullable || fill !== undefined, `${table}.${name} needs a value for the rows that are there`);
    await db.schema
      .alterTable(table)
      .addColumn(name, columnType(kind, column), (made) => {
        const filled = fill === undefined ? made : made.defaultTo(sql.lit(fill));
        return column.nullable ? filled : filled.notNull();
      })
      .execute();
  }
}

async function columnNames(db: Kysely<Schema>, kind: Kind, table: string): Promise<Set<string>> {
  const { rows } =
    kind === "sqlite"
      ? await sql<{ name: string }>`select name from pragma_table_info(${table})`.execute(db)
      : await sql<{ name: string }>`select column_name as name from information_schema.columns
          where table_schema = database() and table_name = ${table}`.execute(db);
  return new Set(rows.map((row) => row.name));
}

/** Makes an index that is missing, on a table of an earlier migration. */
export async function addIndex(
  db: Kysely<Schema>,
  kind: Kind,
  table: string,
  columns: readonly string[],
): Promise<void> {
  const name = `${table}_by_${columns.join("_")}`;
  if (kind === "mysql") {
    const { rows } = await sql<{ name: string }>`select index_name as name from information_schema.statistics
      where table_schema = database() and table_name = ${table} and index_name = ${name}`.execute(db);
    if (rows.length > 0) return;
  }
  await db.schema
    .createIndex(name)
    .$call((making) => (kind === "sqlite" ? making.ifNotExists() : making))
    .on(table)
    .columns([...columns])
    .execute();
}

function columnType(kind: Kind, { type, chars }: Column): RawBuilder<unknown> {
  if (type === "bytes") return kind === "sqlite" ? sql`blob` : sql`mediumblob`;
  if (kind === "sqlite") return type === "int" ? sql`integer` : sql`text`;
  if (type === "int") return sql`bigint`;
  return chars > VARCHAR_CHARS_MAX ? sql`mediumtext` : sql`varchar(${sql.lit(chars)})`;
}

/** A row of InnoDB holds 65 535 bytes of VARCHARs, four to a character. */
const VARCHAR_CHARS_MAX = 4_000;

function tableEnd(kind: Kind, withoutRowid: boolean): RawBuilder<unknown> {
  if (kind === "mysql") return sql`engine=InnoDB default charset=utf8mb4 collate=utf8mb4_bin row_format=dynamic`;
  return withoutRowid ? sql`strict, without rowid` : sql`strict`;
}
