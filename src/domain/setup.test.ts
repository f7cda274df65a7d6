import { describe, expect, test } from "vitest";
import { instant } from "#base/time.ts";
import { readAreaLines } from "./area-lines.ts";
import { judgeFace, judgeSetup, nextSetupStep, type SetupFacts, type SetupStep } from "./setup.ts";

const nothing: SetupFacts = {
  ...{ projects: 0, priced: false, areas: 0, meters: 0, importing: null, concentrators: 0, seen: 0, online: 0 },
  ...{ refused: 0, collectorUp: true, compared: 0, different: 0, administrators: 1, skipped: new Set<SetupStep>() },
};
const all: SetupFacts = {
  ...nothing,
  ...{ projects: 1, priced: true, areas: 2, meters: 3, concentrators: 1, seen: 1, online: 1, compared: 1 },
  ...{ administrators: 2, skipped: new Set<SetupStep>(["messages"]) },
};
const of = (facts: Partial<SetupFacts>, step: SetupStep) => {
  const found = judgeSetup({ ...all, ...facts }).find((each) => each.step === step);
  return `${found?.state} ${found?.why}`;
};

describe("the steps of the set-up", () => {
  test("an empty installation begins with the project, a whole one has come to its end", () => {
    expect(nextSetupStep(judgeSetup(nothing))).toBe("project");
    expect(judgeSetup(nothing).every(({ state }) => state === "open")).toBe(true);
    expect(nextSetupStep(judgeSetup(all))).toBe(null);
  });

  test.each([
    ["project", { priced: false, meters: 0 }, "open no_price"],
    ["project", { priced: false }, "done done"], // meters have prices of their own
    ["meters", { importing: "wrong" }, "problem import_wrong"],
    ["meters", { importing: "stopped" }, "problem import_stopped"],
    ["meters", { importing: "unconfirmed" }, "open import_unconfirmed"],
    ["meters", { importing: "running", meters: 0 }, "waiting import_running"],
    ["concentrators", { concentrators: 2 }, "waiting never_seen"],
    ["concentrators", { concentrators: 2, refused: 1 }, "problem refused"],
    ["concentrators", { online: 0 }, "problem offline"],
    ["concentrators", { collectorUp: false }, "problem no_collector"],
    ["readings", { different: 1 }, "problem different"],
    ["readings", { compared: 0, skipped: new Set<SetupStep>(["readings"]) }, "skipped not_compared"],
    ["messages", { skipped: new Set<SetupStep>() }, "open unavailable"],
    ["people", { administrators: 1 }, "open one_administrator"],
    ["people", { skipped: new Set<SetupStep>(["people"]) }, "done done"], // done in another way after it was skipped
  ] as const)("%s with %o: %s", (step, facts, told) => {
    expect(of(facts, step)).toBe(told);
  });
});

describe("the face of a meter", () => {
  const at = (minutes: number) => instant(1_000_000_000_000 + minutes * 60_000);
  const face = (wh: number, digitWh: number, over: { minutes?: number; readWh?: number; ratio?: number } = {}) =>
    judgeFace({
      ...{ typed: { wh, digitWh }, typedAt: at(over.minutes ?? 0), readAt: at(0) },
      ...{ readWh: over.readWh ?? 1_234_560, powerMaxW: 6_000, ratio: over.ratio ?? 1 },
    });

  test.each([
    [1_234_560, 10, "same"],
    [1_234_000, 1_000, "same"], // whole units: the rest is cut off
    [1_235_000, 1_000, "same"],
    [1_234_570, 10, "different"],
    [1_236_000, 1_000, "different"],
  ] as const)("%d typed to %d Wh: %s", (wh, digitWh, verdict) => {
    expect(face(wh, digitWh).verdict).toBe(verdict);
  });

  test("what it may have used since, either way, is no difference; more is", () => {
    expect(face(1_234_660, 10, { minutes: 1 }).verdict).toBe("used");
    expect(face(1_234_460, 10, { minutes: 1 }).verdict).toBe("used"); // looked at before it was read
    expect(face(1_234_680, 10, { minutes: 1 }).verdict).toBe("different");
    expect(face(1_234_570, 10, { minutes: 1, ratio: 600 }).verdict).toBe("used");
    expect(face(1_234_600, 10, { minutes: 1, ratio: 600 }).verdict).toBe("different");
  });

  test("a decimal point that moved and a ratio are recognized", () => {
    expect(face(12_345_600, 100)).toMatchObject({ verdict: "different", hint: "decimal", differenceWh: 11_111_040 });
    expect(face(123_450, 10).hint).toBe("decimal");
    expect(face(37_036_800, 100, { ratio: 30 }).hint).toBe("ratio");
    expect(face(5_000, 1_000).hint).toBe("none");
    expect(face(0, 1_000).hint).toBe("none");
  });
});

describe("areas that are pasted", () => {
  test("cells or slashes, merged cells, repeats, Windows line ends", () => {
    const { areas, faults, lines } = readAreaLines("A座\t1层\r\n\t2层\r\n\r\nB座/1层\nB座/1层\nB座\n A 区//东 / 1 \n");
    expect(areas.map((levels) => levels.join("|"))).toEqual([
      ...["A座", "A座|1层", "A座|2层", "B座", "B座|1层", "A 区/东", "A 区/东|1"],
    ]);
    expect([faults, lines]).toEqual([[], 6]);
  });

  test.each([
    ["\t1层", "no_above"],
    ["A座//", "ok"],
    ["A座/ /1层", "empty_level"],
    ["A座\t\t1层", "empty_level"],
    ["A".repeat(51), "too_long"],
    ["1/2/3/4/5/6/7/8", "too_deep"],
  ])("%j: %s", (text, why) => {
    expect(readAreaLines(text).faults[0]?.why ?? "ok").toBe(why);
  });

  test("the number of a line counts empty lines", () => {
    expect(readAreaLines("A\n\n/").faults).toEqual([{ line: 3, text: "/", why: "empty_level" }]);
  });
});
