import type { ScopeTree } from "#contract/people.ts";

/** An area of the tree. */
export type Area = ScopeTree["areas"][number];
/** A single meter beside the areas. */
export type Single = { meterId: number; label: string; number: string; areaId: number | null; areaName: string };
/** What is chosen: areas as a whole, and single meters. */
export type Choice = { areaIds: readonly number[]; singles: readonly Single[] };

/** The tree, ready for questions. */
export type Tree = {
  readonly roots: readonly Area[];
  childrenOf(areaId: number): readonly Area[];
  /** From its parent up. */
  above(areaId: number): readonly Area[];
};

/** Lays a list of areas out as a tree; one whose parent is not in the list is a root. */
export function treeOf(areas: readonly Area[]): Tree {
  const byId = new Map(areas.map((area) => [area.areaId, area]));
  const children = Map.groupBy(areas, (area) =>
    area.parentId !== null && byId.has(area.parentId) ? area.parentId : 0,
  );
  return {
    roots: children.get(0) ?? [],
    childrenOf: (areaId) => children.get(areaId) ?? [],
    above(areaId) {
      const line: Area[] = [];
      let at = byId.get(areaId)?.parentId ?? null;
      while (at !== null && line.length < areas.length) {
        const area = byId.get(at);
        if (area === undefined) break;
        line.push(area);
        at = area.parentId;
      }
      return line;
    },
  };
}

/** `on`: it or an area above it is chosen; `half`: only something below it. */
export type Mark = "on" | "half" | "off";

/** How an area is marked. */
export function markOf(tree: Tree, choice: Choice, areaId: number): Mark {
  if (isOn(tree, choice, areaId)) return "on";
  const isBelow = (id: number) => tree.above(id).some((area) => area.areaId === areaId);
  if (choice.areaIds.some(isBelow)) return "half";
  return choice.singles.some((single) => single.areaId !== null && (single.areaId === areaId || isBelow(single.areaId)))
    ? "half"
    : "off";
}

/**
 * Ticks or unticks an area. What it covers now is dropped from the choice; unticking inside a chosen area leaves the rest of that area
 * chosen, piece by piece.
 */
export function toggled(tree: Tree, choice: Choice, areaId: number): Choice {
  const isInside = (id: number) => id === areaId || tree.above(id).some((area) => area.areaId === areaId);
  const areaIds = choice.areaIds.filter((id) => !isInside(id));
  const singles = choice.singles.filter((single) => single.areaId === null || !isInside(single.areaId));
  if (!isOn(tree, choice, areaId)) return { areaIds: [...areaIds, areaId], singles };
  if (choice.areaIds.includes(areaId)) return { areaIds, singles: choice.singles };
  const path = [areaId, ...tree.above(areaId).map((area) => area.areaId)];
  const chosen = path.findIndex((id) => choice.areaIds.includes(id));
  const rest = path
    .slice(1, chosen + 1)
    .flatMap((id, i) => tree.childrenOf(id).filter((child) => child.areaId !== path[i]))
    .map((child) => child.areaId);
  return { areaIds: [...areaIds.filter((id) => id !== path[chosen]), ...rest], singles: choice.singles };
}

/** How many meters the choice holds; a single one that lies in a chosen area counts once. */
export function metersOf(tree: Tree, areas: readonly Area[], choice: Choice): number {
  const whole = areas.filter((area) => choice.areaIds.includes(area.areaId));
  const tops = whole.filter((area) => !tree.above(area.areaId).some((each) => choice.areaIds.includes(each.areaId)));
  const alone = choice.singles.filter((single) => single.areaId === null || !isOn(tree, choice, single.areaId));
  return tops.reduce((sum, area) => sum + area.meters, 0) + alone.length;
}

function isOn(tree: Tree, choice: Choice, areaId: number): boolean {
  return choice.areaIds.includes(areaId) || tree.above(areaId).some((area) => choice.areaIds.includes(area.areaId));
}
