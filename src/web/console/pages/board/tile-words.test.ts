import { createInstance } from "i18next";
import { describe, expect, test } from "vitest";
import type { Tile } from "#contract/metering.ts";
import { boardEn } from "#web/shared/locales/board.en.ts";
import { boardZh } from "#web/shared/locales/board.zh-CN.ts";
import { isOffline, tileWords } from "./tile-words.ts";

const tile = { label: "A {{x}} $& 101", state: "off", second: null, kind: "water", mode: "public" } as Tile;

describe.each([
  ["zh-CN", boardZh],
  ["en", boardEn],
] as const)("the words of tiles in %s", (language, board) => {
  test("are those that the texts give for each tile", async () => {
    const i18n = createInstance();
    const resources = { [language]: { translation: board } };
    const t = await i18n.init({ lng: language, resources, interpolation: { escapeValue: false } });
    const words = tileWords(t);
    const plain = { ...tile, label: "A-101" };
    const remaining = t("board.remaining", { value: "1.0 m³" });
    const state = t("state.off");
    expect(words.name(plain, { value: "1.0 m³", isKnown: true })).toBe(
      t("board.tile", { label: "A-101", state, remaining }),
    );
    const both = { label: "A-101", state, second: t("state.alarm"), remaining: t("board.noRemaining", { value: "—" }) };
    expect(words.name({ ...plain, second: "alarm" }, { value: "—", isKnown: false })).toBe(t("board.tileSecond", both));
    expect(words.name(tile, { value: "1", isKnown: true })).toContain(tile.label); // whatever a room is called
    const silent = { ...plain, state: "fault", reasons: ["meter_silent", "low_credit"] } as Tile;
    expect(words.name(silent, { value: "1.0 m³", isKnown: true })).toBe(
      t("board.tile", { label: "A-101", state: t("state.offline"), remaining }),
    );
    expect([words.unit(tile, "units"), words.unit(tile, "yuan")]).toEqual([t("unit.water"), t("unit.yuan")]);
    expect(words.mode.public).toBe(t("mode.public"));
  });
});

test.each([
  ["fault", ["concentrator_offline"], true],
  ["fault", ["meter_silent", "off_arrears"], true],
  ["fault", ["relay_mismatch"], false],
  ["off", ["off_arrears"], false],
] as const)("%s for %j is off line: %s", (state, reasons, expected) => {
  expect(isOffline({ state, reasons: [...reasons] })).toBe(expected);
});
