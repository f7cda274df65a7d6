import type { Tile, TileState } from "#contract/metering.ts";

/** The four states in order of gravity, as the counters show them. */
export const states = ["fault", "off", "alarm", "normal"] as const satisfies readonly TileState[];

const kinds = ["electricity", "water"] as const satisfies readonly Tile["kind"][];

/** What the tiles show. */
export type Shown = "units" | "yuan";

/** Sizes of the tiles: many at a glance, as usual, to be read from afar. */
export const sizes = ["s", "m", "l"] as const;
export type Size = (typeof sizes)[number];

/** Order of the tiles within their area: by room, or who runs out first. */
export const orders = ["room", "remaining"] as const;
export type Order = (typeof orders)[number];

/** How the board is looked at; all of it stands in the address, so a copied address shows the same. */
export type BoardView = {
  state: TileState | null;
  areaId: number | null;
  concentratorId: number | null;
  text: string;
  shown: Shown;
  kind: Tile["kind"] | null;
  /** Only meters with less than so many units (or yuan, when those are shown) left. */
  below: number | null;
  order: Order;
  size: Size;
  /** On a wall (大屏): over everything, area after area by itself, nothing opens. */
  wall: boolean;
  /** The meter whose drawer is open. */
  meterId: number | null;
};

/** Reads the view from an address; what it does not understand it leaves out. */
export function viewFromAddress(search: URLSearchParams): BoardView {
  return {
    state: states.find((state) => state === search.get("state")) ?? null,
    areaId: wholeNumber(search.get("area")),
    concentratorId: wholeNumber(search.get("concentrator")),
    text: search.get("q") ?? "",
    shown: search.get("show") === "yuan" ? "yuan" : "units",
    kind: kinds.find((kind) => kind === search.get("kind")) ?? null,
    below: wholeNumber(search.get("below")),
    order: orders.find((order) => order === search.get("sort")) ?? "room",
    size: sizes.find((size) => size === search.get("size")) ?? "m",
    wall: search.get("wall") === "1",
    meterId: wholeNumber(search.get("meter")),
  };
}

/** The address of a view; what is as usual is not written. */
export function addressOfView(view: BoardView): URLSearchParams {
  const search = new URLSearchParams();
  if (view.state !== null) search.set("state", view.state);
  if (view.areaId !== null) search.set("area", String(view.areaId));
  if (view.concentratorId !== null) search.set("concentrator", String(view.concentratorId));
  if (view.text !== "") search.set("q", view.text);
  if (view.shown === "yuan") search.set("show", "yuan");
  if (view.kind !== null) search.set("kind", view.kind);
  if (view.below !== null) search.set("below", String(view.below));
  if (view.order !== "room") search.set("sort", view.order);
  if (view.size !== "m") search.set("size", view.size);
  if (view.wall) search.set("wall", "1");
  if (view.meterId !== null) search.set("meter", String(view.meterId));
  return search;
}

/** What is left out of the board before states are counted. */
export type Place = Pick<BoardView, "areaId" | "concentratorId" | "text" | "kind" | "below" | "shown">;

/**
 * Tiles of the chosen area, concentrator and kind that have less than the limit left and whose room or number contains the text; the state
 * is not looked at. Of whom nobody knows what is left is not below a limit.
 */
export function tilesInPlace(tiles: readonly Tile[], view: Place): readonly Tile[] {
  const text = view.text.trim().toLowerCase();
  const { areaId, concentratorId, kind, below, shown } = view;
  if (areaId === null && concentratorId === null && text === "" && kind === null && below === null) return tiles;
  return tiles.filter(
    (tile) =>
      (areaId === null || tile.areaId === areaId) &&
      (concentratorId === null || tile.concentratorId === concentratorId) &&
      (kind === null || tile.kind === kind) &&
      (below === null || (left(tile, shown) ?? Number.POSITIVE_INFINITY) < below) &&
      (text === "" || tile.label.toLowerCase().includes(text) || tile.number.includes(text)),
  );
}

/** The same tiles, area by area as they came, in the order that was asked for; who shows nothing stands last. */
export function inOrder(tiles: readonly Tile[], { order, shown }: Pick<BoardView, "order" | "shown">): readonly Tile[] {
  if (order === "room") return tiles;
  const place = new Map<number, number>();
  for (const { areaId } of tiles) if (!place.has(areaId)) place.set(areaId, place.size);
  const last = Number.MAX_VALUE;
  return tiles.toSorted(
    (a, b) =>
      (place.get(a.areaId) ?? 0) - (place.get(b.areaId) ?? 0) || (left(a, shown) ?? last) - (left(b, shown) ?? last),
  );
}

/** The concentrators at which the tiles hang, by name as people count, as a filter offers them. */
export function concentratorsOf(tiles: readonly Tile[]): { concentratorId: number; concentratorName: string }[] {
  const names = new Map(tiles.map((tile) => [tile.concentratorId, tile.concentratorName]));
  return [...names]
    .map(([concentratorId, concentratorName]) => ({ concentratorId, concentratorName }))
    .sort((a, b) => natural.compare(a.concentratorName, b.concentratorName) || a.concentratorId - b.concentratorId);
}

const natural = new Intl.Collator("zh-CN", { numeric: true });

/** What all tiles of each kind have left together, in Wh and litres; null where no meter of the kind shows anything. */
export function sumLeft(tiles: readonly Tile[]): Record<Tile["kind"], number | null> {
  const sums: Record<Tile["kind"], number | null> = { electricity: null, water: null };
  for (const { kind, remainingWh } of tiles) if (remainingWh !== null) sums[kind] = (sums[kind] ?? 0) + remainingWh;
  return sums;
}

/** Units or yuan as they are compared with a limit; null when unknown. */
function left(tile: Tile, shown: Shown): number | null {
  if (shown === "units") return tile.remainingWh === null ? null : tile.remainingWh / 1_000;
  return tile.remainingYuan === null ? null : Number(tile.remainingYuan);
}

/** Tiles of one area that are neighbours on the board. */
export type Group = { areaId: number; areaName: string; tiles: readonly Tile[] };

/**
 * Cuts sorted tiles into their areas. A group whose tiles are all unchanged is the very object of `before`, so that only
 * groups in which something happened are drawn again.
 */
export function groupTiles(tiles: readonly Tile[], before: readonly Group[]): Group[] {
  const known = new Map(before.map((group) => [group.areaId, group]));
  const groups: { areaId: number; areaName: string; tiles: Tile[] }[] = [];
  for (const tile of tiles) {
    const last = groups.at(-1);
    if (last?.areaId === tile.areaId) last.tiles.push(tile);
    else groups.push({ areaId: tile.areaId, areaName: tile.areaName, tiles: [tile] });
  }
  return groups.map((group) => {
    const old = known.get(group.areaId);
    return old && old.areaName === group.areaName && isSame(old.tiles, group.tiles) ? old : group;
  });
}

function isSame(a: readonly Tile[], b: readonly Tile[]): boolean {
  return a.length === b.length && a.every((tile, at) => tile === b[at]);
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
