import type { TFunction } from "i18next";
import type { Tile, TileState } from "#contract/metering.ts";
import type { Shown } from "./filters.ts";

/**
 * The words of a tile in the language of the page, looked up once: five thousand tiles that each ask for five sentences take longer to ask
 * than to draw.
 */
export type TileWords = {
  /** The unit of what is shown. */
  unit(tile: Tile, shown: Shown): string;
  /** What stands where nothing remains to be shown. */
  mode: Record<Tile["mode"], string>;
  /** The name that a tile is read out by: it repeats what is seen, in its order, so that people who speak to their computer can say it. */
  name(tile: Tile, remaining: { value: string; isKnown: boolean }): string;
};

/** A fault of another kind: nothing is heard of it, so what is shown is old. */
export function isOffline({ state, reasons }: Pick<Tile, "state" | "reasons">): boolean {
  return state === "fault" && (reasons.includes("concentrator_offline") || reasons.includes("meter_silent"));
}

/** Looks them up. */
export function tileWords(t: TFunction): TileWords {
  const state: Record<TileState, string> = {
    fault: t("state.fault"),
    off: t("state.off"),
    alarm: t("state.alarm"),
    normal: t("state.normal"),
  };
  const offline = t("state.offline");
  const unit = { electricity: t("unit.electricity"), water: t("unit.water"), yuan: t("unit.yuan") };
  const places = {
    label: place("label"),
    state: place("state"),
    second: place("second"),
    remaining: place("remaining"),
  };
  const one = sentence(t("board.tile", places));
  const two = sentence(t("board.tileSecond", places));
  const known = sentence(t("board.remaining", { value: place("value") }));
  const unknown = sentence(t("board.noRemaining", { value: place("value") }));
  return {
    unit: ({ kind }, shown) => (shown === "yuan" ? unit.yuan : unit[kind]),
    mode: { prepaid: t("mode.prepaid"), postpaid: t("mode.postpaid"), public: t("mode.public") },
    name(tile, { value, isKnown }) {
      const remaining = (isKnown ? known : unknown)({ value });
      const said = { label: tile.label, state: isOffline(tile) ? offline : state[tile.state], remaining };
      return tile.second === null ? one(said) : two({ ...said, second: state[tile.second] });
    },
  };
}

/** A sentence with places, cut once and then only put together. */
function sentence(text: string): (values: Readonly<Record<string, string>>) => string {
  const parts = text.split(/⟦(\w+)⟧/);
  return (values) => parts.map((part, i) => (i % 2 === 0 ? part : (values[part] ?? ""))).join("");
}

function place(name: string): string {
  return `⟦${name}⟧`;
}
