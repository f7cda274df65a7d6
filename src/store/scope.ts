import { type Expression, type ExpressionBuilder, type SqlBool, sql } from "kysely";
import type { Scope } from "#domain/permission.ts";
import type { Schema } from "./schema.ts";

/**
 * The condition that keeps a query inside a scope: the meter's area lies below one of the scope's areas, or the meter
 * is one of its single meters. For queries over `meter`. An empty scope sees nothing.
 */
export function inScope(eb: ExpressionBuilder<Schema, "meter">, scope: Scope): Expression<SqlBool> {
  if (scope.all) return sql<SqlBool>`1 = 1`;
  const allowed: Expression<SqlBool>[] = [];
  if (scope.areaIds.length > 0) {
    allowed.push(
      eb.exists(
        eb
          .selectFrom("area_ancestor")
          .select("area_ancestor.area_id")
          .whereRef("area_ancestor.area_id", "=", "meter.area_id")
          .where("area_ancestor.ancestor_id", "in", [...scope.areaIds]),
      ),
    );
  }
  if (scope.meterIds.length > 0) allowed.push(eb("meter.id", "in", [...scope.meterIds]));
  return allowed.length === 0 ? sql<SqlBool>`1 = 0` : eb.or(allowed);
}
