import { type Expression, type ExpressionBuilder, type SqlBool, type StringReference, sql } from "kysely";

/**
 * Any of the columns holds the text, in whatever case; what is a wildcard to the database is a sign like any other. Text that has no case (digits,
 * Chinese) is looked for as it stands, which costs a part of comparing it in lower case.
 */
export function mentions<DB, TB extends keyof DB>(
  eb: ExpressionBuilder<DB, TB>,
  columns: readonly StringReference<DB, TB>[],
  text: string,
): Expression<SqlBool> {
  if (text !== "" && text.toLowerCase() === text.toUpperCase())
    return eb.or(columns.map((column) => sql<SqlBool>`instr(${eb.ref(column)}, ${text}) > 0`));
  const pattern = `%${text.replace(/[!%_]/g, (sign) => `!${sign}`)}%`;
  return eb.or(columns.map((column) => sql<SqlBool>`lower(${eb.ref(column)}) like lower(${pattern}) escape '!'`));
}
