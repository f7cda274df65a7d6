import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Tile, TileState } from "#contract/metering.ts";
import { states } from "./filters.ts";

/** A screen reader is told what changed at most so often. */
const SUMMARY_MS = 10_000;

/** Says to those who cannot see the tiles how many changed their state, and to what. */
export function ChangeSummary({ tiles }: { tiles: readonly Tile[] }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const newest = useRef(tiles);
  newest.current = tiles;
  useEffect(() => {
    let told = stateOf(newest.current);
    const timer = setInterval(() => {
      const now = stateOf(newest.current);
      const parts = changes(told, now);
      told = now;
      const count = parts.reduce((total, part) => total + part.count, 0);
      if (count === 0) return;
      const said = parts.map((part) => t("board.summaryPart", { state: t(`state.${part.state}`), count: part.count }));
      setText(t("board.summary", { count, parts: said.join(" ") }));
    }, SUMMARY_MS);
    return () => clearInterval(timer);
  }, [t]);
  return (
    <p className="unseen" aria-live="polite">
      {text}
    </p>
  );
}

function stateOf(tiles: readonly Tile[]): ReadonlyMap<number, TileState> {
  return new Map(tiles.map((tile) => [tile.meterId, tile.state]));
}

function changes(before: ReadonlyMap<number, TileState>, now: ReadonlyMap<number, TileState>) {
  return states
    .map((state) => ({
      state,
      count: [...now].filter(([meterId, is]) => is === state && before.has(meterId) && before.get(meterId) !== is)
        .length,
    }))
    .filter((part) => part.count > 0);
}
