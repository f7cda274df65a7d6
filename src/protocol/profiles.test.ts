import { describe, expect, test } from "vitest";
import { ownHex } from "./bytes.ts";
import { items188 } from "./cjt188/items.ts";
import { itemOf } from "./dlt645/items.ts";
import { SF97, sf97Items } from "./dlt645v1997/sf97.ts";
import { BAUD_RATES } from "./link/serial.ts";
import { itemNameIn, profileOf, profiles, safeTopUp } from "./profiles.ts";

const all = [...profiles.values()];
const reads = all.flatMap((profile) =>
  Object.entries(profile.reads).map(([meaning, di]) => ({ profile, name: profile.name, meaning, di })),
);

test("the models are there, each once", () => {
  expect([...profiles.keys()].sort()).toEqual([
    "cjt188-2004-water",
    "cjt188-2018-water",
    "eiot",
    "gb1997",
    "gb2007-plain",
    "jc1",
    "jc188",
    "jc97",
    "sf07",
    "sf97",
  ]);
  expect(profileOf("jc1")?.credit).toMatchObject({ at: "meter", unit: "0.01kWh", topUp: "jc1" });
  expect(profileOf("dh6200")).toBeUndefined();
});

describe("every item", () => {
  test.each(reads)("$name reads $meaning as $di, which its table knows", ({ profile, di }) => {
    expect(itemNameIn(profile.table, di)).toBeTypeOf("string");
  });

  test.each(all.filter((each) => each.switch !== null))(
    "$name proves its switch by an item of its table",
    (profile) => {
      const proof = profile.switch?.proof ?? null;
      if (proof !== null) {
        expect(itemNameIn(profile.table, proof.item)).toBeDefined();
        expect(Object.values(profile.reads)).toContain(proof.item);
      }
    },
  );

  test("the tables do not know just anything", () => {
    expect(itemNameIn("dlt645-1997", "E502")).toBeUndefined();
    expect(itemNameIn("sf97", "E502")).toBe("remaining energy");
    expect(itemNameIn("cjt188", "1F90")).toBeUndefined();
    expect(itemNameIn("dlt645-2007", "9010")).toBeUndefined();
  });
});

describe("what a model remembers", () => {
  test("every item of memory and clock is in its table", () => {
    for (const { name, table, memory, clock } of all) {
      const named = [memory.monthly?.first, ...(clock?.reads ?? []), clock?.write].filter(
        (di) => typeof di === "string",
      );
      for (const di of named) expect(itemNameIn(table, di), `${name} ${di}`).toBeTypeOf("string");
      if (memory.daily !== null) expect(itemNameIn(table, `050601${hexByte(memory.daily.kept)}`), name).toBeDefined();
      if (memory.records !== null) expect(60 % memory.records.everyMinutes, name).toBe(0);
    }
  });

  test("days only where an edition freezes them: not in 1997, and not in water", () => {
    const daily = all.filter((each) => each.memory.daily !== null).map((each) => each.name);
    expect(daily).toEqual(["jc1", "gb2007-plain"]);
  });
});

describe("what a profile says holds together", () => {
  test.each(all)("$name", (profile) => {
    expect(BAUD_RATES).toContain(profile.baud);
    expect(profile.wakeUpBytes).toBeLessThanOrEqual(4);
    expect(profile.replyTimeoutMs).toBeGreaterThanOrEqual(1_000);
    const { credit, access, protocol } = profile;
    // A meter that holds credit must be able to say how much, and which purchase was the last (or carry an order number).
    if (credit.at === "meter") {
      expect(profile.reads.remaining).toBeDefined();
      if (credit.topUp !== "eiot") expect(profile.reads.purchaseCount).toBeDefined();
      expect(profile.switch).not.toBeNull();
    }
    if (access !== null) {
      ownHex(access.password, 4);
      if (access.operator !== null) ownHex(access.operator, 4);
    }
    expect(access?.operator ?? null, "only 2007 commands carry an operator").toEqual(
      protocol === "dlt645-2007" ? expect.any(String) : null,
    );
    expect(profile.quirks.diOrder === null).toBe(protocol !== "cjt188");
    expect(profile.reads.volume === undefined).toBe(profile.kind === "electricity");
  });

  test("credit is counted in the unit of the item that shows it", () => {
    for (const { name, table, credit, reads } of all) {
      if (credit.at !== "meter" || reads.remaining === undefined) continue;
      if (table === "dlt645-2007") {
        const layout = itemOf(reads.remaining)?.layouts[0];
        const form = layout?.fields[0]?.form;
        expect(form, name).toMatchObject({ decimals: 2, unit: credit.unit === "fen" ? "CNY" : "kWh" });
      } else if (table === "sf97") {
        expect(sf97Items.get(reads.remaining)?.fields[0], name).toMatchObject({ decimals: 2, unit: "kWh" });
      } else {
        const remaining = items188.get(reads.remaining)?.layouts[0]?.find((field) => field.name === "remaining");
        expect(remaining, name).toMatchObject({ as: "number", decimals: 2 });
      }
    }
  });

  test("units are sold only into meters that count them and tell how often", () => {
    const sold = all.filter((each) => safeTopUp(each) !== null).map((each) => each.name);
    expect(sold.sort()).toEqual(["jc1", "jc188", "jc97", "sf97"]);
  });

  test("the loops of sf97 are the identifiers that its relay command writes", () => {
    expect(profileOf("sf97")?.switch?.loops).toEqual(SF97.relays);
  });

  test("a relay that nothing proves is never said to close at once", () => {
    for (const profile of all) {
      if (profile.switch?.proof === null) expect(profile.switch.closing, profile.name).toBe("unproven");
    }
  });
});

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0").toUpperCase();
}
