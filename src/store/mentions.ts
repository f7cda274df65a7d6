import { type Expression, type ExpressionBuilder, type SqlBool, type StringReference, sql } from "kysely";

/** Any of the columns holds the text, in whatever case; what is a wildcard to the database is a sign like any other. */
export function mentions<DB, TB extends keyof DB>(
  eb: ExpressionBuilder<DB, TB>,
  columns: readonly StringReference<DB, TB>[],
  text: string,
): Expression<SqlBool> {
  const pattern = `%${text.replace(/[!%_]/g, (sign) => `!${sign}`)}%`;
  return eb.or(columns.map((column) => sql<SqlBool>`lower(${eb.ref(column)}) like lower(${pattern}) escape '!'`));
}
