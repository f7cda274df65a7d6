import { memo, useEffect, useRef } from "react";
import type { Tile as TileData } from "#contract/metering.ts";
import { MISSING, unitsShort, yuanShort } from "#web/shared/format.ts";
import type { Shown } from "./filters.ts";
import { isOffline, type TileWords } from "./tile-words.ts";

const FLASH_MS = 1_000;

type TileProps = { tile: TileData; words: TileWords; shown: Shown; open: boolean; onOpen: (meterId: number) => void };

/** One meter on the board: colour, icon and word of its state, and what remains. Flashes when it changes. */
export const Tile = memo(function Tile({ tile, words, shown, open, onOpen }: TileProps) {
  const button = useRef<HTMLButtonElement>(null);
  const seen = useRef(tile);
  useEffect(() => {
    const before = seen.current;
    seen.current = tile;
    const looksDifferent =
      before.state !== tile.state || before.second !== tile.second || before.remainingWh !== tile.remainingWh;
    if (before === tile || !looksDifferent || prefersStillness()) return;
    button.current?.animate(
      [
        { boxShadow: "0 0 0 4px var(--flash)" },
        { boxShadow: "0 0 0 4px var(--flash)", offset: 0.4 },
        { boxShadow: "0 0 0 0 transparent" },
      ],
      { duration: FLASH_MS, easing: "ease-out" },
    );
  }, [tile]);

  const value = shown === "yuan" ? yuanShort(tile.remainingYuan) : unitsShort(tile.remainingWh);
  const unit = words.unit(tile, shown);
  const known = value !== MISSING;
  const without = tile.mode === "prepaid" ? MISSING : words.mode[tile.mode];
  const name = words.name(tile, { value: known ? `${value} ${unit}` : without, isKnown: known });
  return (
    <button
      type="button"
      ref={button}
      className={`tile state-${tile.state}${isOffline(tile) ? " tile-offline" : ""}${open ? " tile-open" : ""}`}
      tabIndex={-1}
      aria-label={name}
      aria-haspopup="dialog"
      data-testid={`tile-${tile.number}`}
      data-state={tile.state}
      data-meter={tile.meterId}
      onClick={() => onOpen(tile.meterId)}
    >
      {tile.second === null ? null : <span className={`tile-corner corner-${tile.second}`} data-second={tile.second} />}
      <span className="tile-label">{tile.label}</span>{" "}
      <span className={`tile-value kind-${tile.kind}`}>
        {known ? <b>{value}</b> : <i>{without}</i>} {known ? <small>{unit}</small> : null}
      </span>
    </button>
  );
});

function prefersStillness(): boolean {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
