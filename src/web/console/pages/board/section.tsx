import { memo, useLayoutEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { countTiles } from "#web/shared/live-cache.ts";
import { StateIcon } from "../../icons.tsx";
import { type Group, type Shown, states } from "./filters.ts";
import { Tile } from "./tile.tsx";
import type { TileWords } from "./tile-words.ts";

/** Height of a row of tiles with its gap, and a guess of how many stand in one: only for the length of the scroll bar. */
const ROW_PX = 62;
const PER_ROW = 9;

type SectionProps = {
  group: Group;
  /** Those of its tiles that the filters leave; undefined when none is. */
  left: Group | undefined;
  words: TileWords;
  shown: Shown;
  openMeterId: number | null;
  onOpen: (meterId: number) => void;
};

/**
 * The tiles of one area under a heading that stays in sight and counts them. What a filter leaves out is hidden and not taken away: to build
 * five thousand tiles again, when a letter is taken back, would take longer than a letter may.
 */
export const Section = memo(
  function Section({ group, left, words, shown, openMeterId, onOpen }: SectionProps) {
    const { t } = useTranslation();
    const row = useRef<HTMLDivElement>(null);
    const counts = countTiles(left?.tiles ?? []);
    const height = Math.ceil(counts.total / PER_ROW) * ROW_PX + 44;
    const tiles = useMemo(
      () =>
        group.tiles.map((tile) => (
          <Tile
            key={tile.meterId}
            tile={tile}
            words={words}
            shown={shown}
            open={tile.meterId === openMeterId}
            onOpen={onOpen}
          />
        )),
      [group, words, shown, openMeterId, onOpen],
    );
    useLayoutEffect(() => {
      // Straight to the page: through React each of them would be drawn anew.
      const whole = left?.tiles.length === group.tiles.length;
      const seen = new Set(whole ? [] : left?.tiles.map(({ meterId }) => String(meterId)));
      for (const each of row.current?.querySelectorAll<HTMLElement>(":scope > .tile") ?? [])
        each.hidden = !whole && !seen.has(each.dataset.meter ?? "");
    }, [group, left]);
    return (
      <section
        className="area"
        hidden={left === undefined}
        style={{ containIntrinsicSize: `auto ${height}px` }}
        aria-label={t("board.group", { area: group.areaName, count: counts.total })}
      >
        <h2 className="area-head">
          <span className="area-name">{group.areaName}</span>
          <span className="area-count">{t("board.count", { count: counts.total })}</span>
          {states.map((state) =>
            state === "normal" || counts[state] === 0 ? null : (
              <span key={state} className={`area-state state-${state}`}>
                <StateIcon state={state} size={11} />
                {t(`state.${state}`)} {counts[state]}
              </span>
            ),
          )}
        </h2>
        <div className="tiles" ref={row}>
          {tiles}
        </div>
      </section>
    );
  },
  (a, b) =>
    a.group === b.group &&
    a.left === b.left &&
    a.words === b.words &&
    a.shown === b.shown &&
    a.onOpen === b.onOpen &&
    (a.openMeterId === b.openMeterId || !(holds(a.group, a.openMeterId) || holds(b.group, b.openMeterId))),
);

function holds(group: Group, meterId: number | null): boolean {
  return meterId !== null && group.tiles.some((tile) => tile.meterId === meterId);
}
