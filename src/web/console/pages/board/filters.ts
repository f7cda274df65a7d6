import type { Tile, TileState } from "#contract/metering.ts";

/** The four states in order of gravity, as the counters show them. */
export const states = ["fault", "off", "alarm", "normal"] as const satisfies readonly TileState[];

/** What the tiles show. */
export type Shown = "units" | "yuan";

/** How the board is looked at; all of it stands in the address, so a copied address shows the same. */
export type BoardView = {
  state: TileState | null;
  areaId: number | null;
  text: string;
  shown: Shown;
  /** The meter whose drawer is open. */
  meterId: number | null;
};

/** Reads the view from an address; what it does not understand it leaves out. */
export function viewFromAddress(search: URLSearchParams): BoardView {
  return {
    state: states.find((state) => state === search.get("state")) ?? null,
    areaId: wholeNumber(search.get("area")),
    text: search.get("q") ?? "",
    shown: search.get("show") === "yuan" ? "yuan" : "units",
    meterId: wholeNumber(search.get("meter")),
  };
}

/** The address of a view; what is as usual is not written. */
export function addressOfView(view: BoardView): URLSearchParams {
  const search = new URLSearchParams();
  if (view.state !== null) search.set("state", view.state);
  if (view.areaId !== null) search.set("area", String(view.areaId));
  if (view.text !== "") search.set("q", view.text);
  if (view.shown === "yuan") search.set("show", "yuan");
  if (view.meterId !== null) search.set("meter", String(view.meterId));
  return search;
}

/** Tiles of the chosen area whose room or number contains the text; the state is not looked at. */
export function tilesInPlace(tiles: readonly Tile[], view: Pick<BoardView, "areaId" | "text">): readonly Tile[] {
  const text = view.text.trim().toLowerCase();
  if (view.areaId === null && text === "") return tiles;
  return tiles.filter(
    (tile) =>
      (view.areaId === null || tile.areaId === view.areaId) &&
      (text === "" || tile.label.toLowerCase().includes(text) || tile.number.includes(text)),
  );
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
