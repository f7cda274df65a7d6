import type { Scope } from "#domain/permission.ts";

/** The same text for the same meters: what is read once for all who may see them is kept under it. */
export function scopeKey(scope: Scope): string {
  if (scope.all) return "all";
  const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b).join(",");
  return `areas ${sorted(scope.areaIds)} meters ${sorted(scope.meterIds)}`;
}
