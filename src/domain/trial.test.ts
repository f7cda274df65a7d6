import { describe, expect, test } from "vitest";
import { type SealedTrial, trialText } from "./seal.ts";
import {
  judgeTrial,
  type TrialArchive,
  type TrialHeard,
  trialChecks,
  trialResult,
  trialWhyCodes,
  whyNoSwitchTest,
} from "./trial.ts";
import { trialSentence, trialTodos, trialWhys } from "./trial-words.ts";

const archive: TrialArchive = {
  ...{ address: "000000000001", addressOf: null, mode: "prepaid", switchKind: "relay", closesBy: "direct" },
  ...{ provesSwitch: true, supplyGuard: false, creditAt: "meter", hasCustomer: false, purchaseCount: 2 },
  ...{ ratio: 1, lineRatio: null, channelOn: true, cycle: 900, items: null, priceE4: 7_500, hasTariff: false },
  ...{ room: "101", hasBox: false, isMaster: false, gateway: null },
};
const heard: Extract<TrialHeard, { kind: "answered" }> = {
  ...{ kind: "answered", indexWh: 12_345, index: "fits", knownWh: 12_345, relayOpen: false, remainingWh: 5_000 },
  ...{ purchaseCount: 2, clockSeconds: 3, powerW: 0 },
};
const silent: TrialHeard = { kind: "silent", why: "no_answer", heardOther: false };

const failures = (of: Partial<TrialArchive>, told: TrialHeard = heard) =>
  judgeTrial({ ...archive, ...of }, told).flatMap(({ outcome, why }) => (outcome === "fail" ? [why] : []));

describe("what a meter is tried for", () => {
  test("a meter in order passes every check, each of which is there once and in order", () => {
    const checks = judgeTrial(archive, heard);
    expect(checks.map(({ check }) => check)).toEqual(trialChecks.slice(0, -1));
    expect(trialResult(checks)).toBe("pass");
  });

  test("a dead meter fails for its silence alone; what it would have told is not judged", () => {
    expect(failures({}, silent)).toEqual(["no_answer"]);
    expect(failures({}, { ...silent, heardOther: true })).toEqual(["no_answer", "address_other"]);
  });

  test.each<[string, Partial<TrialArchive>, Partial<typeof heard>]>([
    ["address_taken", { addressOf: "E2" }, {}],
    ["clock_off", {}, { clockSeconds: -60 }],
    ["clock_unreadable", {}, { clockSeconds: null }],
    ["index_below", {}, { index: "below" }],
    ["index_jump", {}, { index: "jump" }],
    ["index_missing", {}, { indexWh: null }],
    ["relay_missing", {}, { relayOpen: undefined }],
    ["valve_fault", {}, { relayOpen: null }],
    ["credit_missing", {}, { remainingWh: null }],
    ["count_differs", {}, { purchaseCount: 3 }],
    ["ratio_in_meter", { ratio: 30 }, {}],
    ["ratio_differs", { creditAt: "server", ratio: 30, lineRatio: 20 }, {}],
    ["channel_off", { channelOn: false }, {}],
    ["price_missing", { priceE4: 0 }, {}],
    ["room_missing", { room: null }, {}],
    ["box_missing", { mode: "public" }, {}],
    ["gateway_missing", { gateway: { number: "G1", fits: false } }, {}],
  ])("%s", (why, of, told) => {
    expect(failures(of, { ...heard, ...told })).toEqual([why]);
    expect(trialTodos[why as "clock_off"], "says what to do").toBeDefined();
  });

  test("59 seconds are right, either way; nothing is asked of what a model does not have", () => {
    for (const clockSeconds of [59, -59]) expect(failures({}, { ...heard, clockSeconds })).toEqual([]);
    expect(failures({}, { ...heard, clockSeconds: undefined })).toEqual([]);
    const without = { switchKind: "none", creditAt: null } as const;
    expect(failures(without, { ...heard, relayOpen: undefined, remainingWh: null })).toEqual([]);
  });
});

describe("whether supply may be cut for a test", () => {
  test.each<[string, Partial<TrialArchive>]>([
    ["no_switch", { switchKind: "none" }],
    ["switch_guarded", { supplyGuard: true }],
    ["switch_master", { isMaster: true }],
    ["switch_unproven", { provesSwitch: false }],
    ["switch_button", { closesBy: "button" }],
  ])("never: %s", (why, of) => {
    for (const wish of ["vacant", "in_use"] as const)
      expect(whyNoSwitchTest({ ...archive, ...of }, heard, wish)).toBe(why);
  });

  test("not where somebody lives, or uses something, unless that very meter was chosen", () => {
    expect(whyNoSwitchTest(archive, heard, "vacant")).toBeNull();
    for (const of of [{ hasCustomer: true }, { mode: "public" as const, hasBox: true }]) {
      expect(whyNoSwitchTest({ ...archive, ...of }, heard, "vacant")).toBe("switch_in_use");
      expect(whyNoSwitchTest({ ...archive, ...of }, heard, "in_use")).toBeNull();
    }
    expect(whyNoSwitchTest(archive, { ...heard, powerW: 20 }, "vacant")).toBe("switch_load");
    // A transformer that is wired the wrong way round.
    expect(whyNoSwitchTest(archive, { ...heard, powerW: -2000 }, "vacant")).toBe("switch_load");
    expect(whyNoSwitchTest(archive, { ...heard, powerW: 20 }, "in_use")).toBeNull();
  });

  test("not when nobody asked, when it does not answer, or when its supply is off: that might be on purpose", () => {
    expect(whyNoSwitchTest(archive, heard, "no")).toBe("switch_not_asked");
    expect(whyNoSwitchTest(archive, silent, "in_use")).toBe("not_told");
    for (const relayOpen of [true, null, undefined])
      expect(whyNoSwitchTest(archive, { ...heard, relayOpen }, "in_use")).toBe("switch_is_off");
  });
});

describe("words and fingerprint", () => {
  test("every reason has a sentence without a hole, in both languages", () => {
    expect(Object.keys(trialWhys).sort()).toEqual([...trialWhyCodes].sort());
    const [zh, en] = trialSentence({ why: "clock_off", figures: { seconds: 3600 } });
    expect([zh, en]).toEqual(["时钟偏差 3600 秒,超过 60 秒", "The clock is 3600 s ahead: more than 60 s off"]);
    for (const check of [...judgeTrial(archive, heard), ...judgeTrial({ ...archive, addressOf: "E" }, heard)])
      for (const sentence of trialSentence(check)) expect(sentence).not.toMatch(/[{}]/);
  });

  test("whatever stands on the paper changes the text that is sealed", () => {
    const report: SealedTrial = {
      ...{ no: "C1", project: "P", place: "A", version: "1", begun: { by: "x", at: 1 }, endedAt: 2 },
      meters: [
        {
          ...{ meterId: 1, number: "E1", label: "101", address: "1", profile: "jc1", result: "pass", attempt: 1 },
          ...{ doneAt: 2, checks: judgeTrial(archive, heard) },
        },
      ],
      signed: { by: "y", name: "Y", at: 3, note: "ok" },
    };
    const [meter] = report.meters as [SealedTrial["meters"][number]];
    const changed: SealedTrial[] = [
      { ...report, place: "B" },
      { ...report, signed: { ...report.signed, name: "Z" } },
      { ...report, meters: [{ ...meter, result: "fail" }] },
      { ...report, meters: [{ ...meter, checks: judgeTrial(archive, { ...heard, clockSeconds: 4 }) }] },
      { ...report, meters: [] },
    ];
    const texts = new Set([report, ...changed].map(trialText));
    expect(texts.size).toBe(1 + changed.length);
    expect(trialText(JSON.parse(JSON.stringify(report)) as SealedTrial)).toBe(trialText(report));
  });
});
