import { describe, expect, test } from "vitest";
import { DAY_MS } from "#base/time.ts";
import { type MissingFacts, whyMissing } from "./completeness.ts";

const NOW = 1_790_000_000_000;
const facts: MissingFacts = {
  midnight: NOW - DAY_MS / 2,
  now: NOW,
  keptMs: 62 * DAY_MS,
  toldNone: false,
  since: NOW - 30 * DAY_MS,
  online: true,
  silentRounds: 0,
  lastAnswerAt: NOW,
  trouble: null,
};

describe("a freeze that is not there", () => {
  test.each<[string, Partial<MissingFacts>]>([
    ["waiting", {}],
    ["waiting", { since: null }],
    ["offline", { online: false, silentRounds: 9 }],
    ["silent", { silentRounds: 1 }],
    ["silent", { lastAnswerAt: 0 }],
    ["no_answer", { trouble: "silent" }],
    ["clock", { trouble: "clock" }],
    ["refused", { trouble: "refused" }],
    ["not_yet", { trouble: "not_yet" }],
    ["none", { toldNone: true, online: false }],
    ["too_old", { midnight: NOW - 63 * DAY_MS, since: 0, online: false }],
    ["other_device", { midnight: NOW - 31 * DAY_MS, online: false }],
  ])("%s: %j", (why, change) => {
    expect(whyMissing({ ...facts, ...change })).toBe(why);
  });
});
