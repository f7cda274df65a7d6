import { expect, test } from "vitest";
import { singular, withSingulars } from "./singular.ts";

test.each([
  ["{{count}} meters", "{{count}} meter"],
  ["{{count}} commands wait", "{{count}} command waits"],
  ["{{count}} meters are cleared; nothing is left", "{{count}} meter is cleared; nothing is left"],
  ["{{arrived}} of {{count}} meters have theirs", "{{arrived}} of {{count}} meter has theirs"],
  ["{{count}} entries", "{{count}} entry"],
  ["trips of {{projects}} projects", "trips of {{projects}} projects"],
  ["Nothing found", "Nothing found"],
])("%s", (several, one) => expect(singular(several)).toBe(one));

test("only sentences that count things have a second form", () => {
  expect(withSingulars({ a: { count: "{{count}} days", name: "Day" } })).toEqual({
    a: { count: "{{count}} days", count_one: "{{count}} day", name: "Day" },
  });
});
