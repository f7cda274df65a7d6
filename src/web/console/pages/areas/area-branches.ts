import type { AreaNode } from "#contract/areas.ts";

/** A line of the tree as it is shown: an area, how deep it lies, and whether it can be opened. */
export type Line = { area: AreaNode; level: number; hasChildren: boolean };

/** The lines of a tree from the top down, as far as branches are open. An area whose parent is not in the list is at the top. */
export function linesOf(areas: readonly AreaNode[], open: ReadonlySet<number>): Line[] {
  const ids = new Set(areas.map((area) => area.areaId));
  const children = Map.groupBy(areas, ({ parentId }) => (parentId !== null && ids.has(parentId) ? parentId : 0));
  const lines: Line[] = [];
  const walk = (parentId: number, level: number): void => {
    for (const area of children.get(parentId) ?? []) {
      const hasChildren = children.has(area.areaId);
      lines.push({ area, level, hasChildren });
      if (hasChildren && open.has(area.areaId) && level < areas.length) walk(area.areaId, level + 1);
    }
  };
  walk(0, 1);
  return lines;
}

/** Where an area may be moved: areas of its project that are whole in the scope, not below itself, and not where it lies. */
export function placesFor(area: AreaNode, areas: readonly AreaNode[]): AreaNode[] {
  const inside = new Set([area.areaId]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { areaId, parentId } of areas) {
      if (parentId === null || !inside.has(parentId) || inside.has(areaId)) continue;
      inside.add(areaId);
      grown = true;
    }
  }
  return areas.filter(
    (each) =>
      each.inside && each.projectId === area.projectId && !inside.has(each.areaId) && each.areaId !== area.parentId,
  );
}

/** An area with all above it that are known, as people say it. */
export function pathText(area: AreaNode, areas: readonly AreaNode[]): string {
  const byId = new Map(areas.map((each) => [each.areaId, each]));
  const names: string[] = [];
  for (let at: AreaNode | undefined = area; at !== undefined && names.length < areas.length; ) {
    names.unshift(at.name);
    at = at.parentId === null ? undefined : byId.get(at.parentId);
  }
  return names.join(" / ");
}
