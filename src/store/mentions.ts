import { type Expression, type ExpressionBuilder, type SqlBool, type StringReference, sql } from "kysely";
import { PHONE_TAIL_CHARS } from "#domain/field-mask.ts";

/**
 * Any of the columns holds the text, in whatever case; what is a wildcard to the database is a sign like any other. Text that has no case (digits,
 * Chinese) is looked for as it stands, which costs a part of comparing it in lower case. Columns called `phone`: see {@link isPhone}.
 */
export function mentions<DB, TB extends keyof DB>(
  eb: ExpressionBuilder<DB, TB>,
  columns: readonly StringReference<DB, TB>[],
  text: string,
): Expression<SqlBool> {
  const hasNoCase = text !== "" && text.toLowerCase() === text.toUpperCase();
  const pattern = `%${text.replace(/[!%_]/g, (sign) => `!${sign}`)}%`;
  const holds = (column: StringReference<DB, TB>) => {
    const value = eb.ref(column);
    if (/\bphone$/.test(String(column))) return isPhone(value, text);
    return hasNoCase
      ? sql<SqlBool>`instr(${value}, ${text}) > 0`
      : sql<SqlBool>`lower(${value}) like lower(${pattern}) escape '!'`;
  };
  return eb.or(columns.map(holds));
}

/**
 * A telephone is found by all of it or by its last four digits alone: whoever may not see the middle of it must not find it out digit
 * by digit.
 */
function isPhone(phone: Expression<unknown>, text: string): Expression<SqlBool> {
  if (text.length !== PHONE_TAIL_CHARS) return sql<SqlBool>`${phone} = ${text}`;
  return sql<SqlBool>`(${phone} = ${text} or substr(${phone}, ${sql.lit(-PHONE_TAIL_CHARS)}) = ${text})`;
}
