import { memo } from "react";
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
  words: TileWords;
  shown: Shown;
  openMeterId: number | null;
  onOpen: (meterId: number) => void;
};

/** The tiles of one area under a heading that stays in sight and counts them. */
export const Section = memo(
  function Section({ group, words, shown, openMeterId, onOpen }: SectionProps) {
    const { t } = useTranslation();
    const counts = countTiles(group.tiles);
    const height = Math.ceil(group.tiles.length / PER_ROW) * ROW_PX + 44;
    return (
      <section
        className="area"
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
        <div className="tiles">
          {group.tiles.map((tile) => (
            <Tile
              key={tile.meterId}
              tile={tile}
              words={words}
              shown={shown}
              open={tile.meterId === openMeterId}
              onOpen={onOpen}
            />
          ))}
        </div>
      </section>
    );
  },
  (a, b) =>
    a.group === b.group &&
    a.words === b.words &&
    a.shown === b.shown &&
    a.onOpen === b.onOpen &&
    (a.openMeterId === b.openMeterId || !(holds(a.group, a.openMeterId) || holds(b.group, b.openMeterId))),
);

function holds(group: Group, meterId: number | null): boolean {
  return meterId !== null && group.tiles.some((tile) => tile.meterId === meterId);
}
