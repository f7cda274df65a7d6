/** Where a tile lies on the page. */
export type Place = { left: number; top: number };

/**
 * The tile that an arrow, Home or End leads to, by index, or null when the key is none of these. Left and right follow
 * the reading order over the ends of rows and areas; up and down go to the nearest tile of the next row that has one.
 */
export function nextTile(key: string, from: number, places: readonly Place[]): number | null {
  const last = places.length - 1;
  const here = places[from];
  if (here === undefined) return null;
  if (key === "ArrowRight") return Math.min(from + 1, last);
  if (key === "ArrowLeft") return Math.max(from - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const step = key === "ArrowDown" ? 1 : -1;
  let row: number | null = null;
  let best = from;
  for (let at = from + step; at >= 0 && at <= last; at += step) {
    const place = places[at]!;
    if (place.top === here.top) continue;
    if (row !== null && place.top !== row) break;
    row = place.top;
    if (best === from || Math.abs(place.left - here.left) < Math.abs(places[best]!.left - here.left)) best = at;
  }
  return best;
}
